"""Limits on the pictures that are read, which a verb can ask for without loading what decodes them."""

from typing import NamedTuple

from lexlip_lucene.errors import InputError

MAX_PIXELS = 89_478_485
"""Largest width × height that is decoded by default: Pillow's default `Image.MAX_IMAGE_PIXELS`, 256 MiB at
3 bytes a pixel."""


class ImageLimits(NamedTuple):
    """Pictures of up to `max_pixels` (width × height) are read, and cut ones, whose rest is blank, on demand."""

    max_pixels: int = MAX_PIXELS
    allow_truncated: bool = False

    def checked(self) -> "ImageLimits":
        """Return it, or raise InputError when `max_pixels` is out of range."""
        if not 1 <= self.max_pixels < 2**63:
            raise InputError(f"--max-pixels must be at least 1 and below 2^63, got {self.max_pixels}")
        return self


LIMITS = ImageLimits()
"""The limits that hold unless others are given."""
