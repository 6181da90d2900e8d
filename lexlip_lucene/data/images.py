"""One image file becomes one upright RGB picture of 8 bits a channel, or a reason why it can't be read.

Read are JPEG (of an MPO the main picture), PNG, WebP and GIF (of both the first frame); no other format is
parsed. Transparency is laid on white, the EXIF orientation is applied, and 16-bit grey keeps its high byte:
40000 becomes 156, where Pillow's own conversion would clip it to 255. Embedded colour profiles are not applied.
"""

import threading
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from lexlip_lucene.errors import InputError

MAX_PIXELS = 89_478_485
"""Largest width × height that is decoded: Pillow's default `Image.MAX_IMAGE_PIXELS`, 256 MiB at 3 bytes a pixel."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation → what turns the picture upright (CIPA DC-008, tag 0x0112; 1 is upright already)."""

# warnings.catch_warnings swaps a list of the whole process, so two threads must not be inside at once.
_filters_of_warnings = threading.Lock()


class UnreadableImage(InputError):
    """An image file can't be read. The text is the reason alone: whoever asked for the file knows its path."""


class TooManyPixels(UnreadableImage):
    """An image is larger than what is decoded."""


def open_image(path: Path) -> Image.Image:
    """Read an image file, whole and upright. Safe to call from several threads.

    Returns:
        A picture in mode RGB, at its full size.

    Raises:
        UnreadableImage: missing, empty, a folder, of another format, broken, truncated, or larger than MAX_PIXELS.
    """
    try:
        with path.open("rb") as file:
            return read_image(file)
    except UnreadableImage:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UnreadableImage(getattr(error, "strerror", None) or _one_line(error)) from error


def read_image(file: IO[bytes], *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read an image from an open file, as `open_image` does.

    Args:
        file: binary, at its beginning.
        max_pixels: largest width × height that is decoded; the header says it, before anything is.

    Raises:
        UnreadableImage: empty, of another format, broken or truncated.
        TooManyPixels: larger than `max_pixels`.
    """
    try:
        return _read(file, max_pixels)
    except UnreadableImage:
        raise
    # Pillow's parsers meet broken bytes with many kinds of exception (ValueError, KeyError, AssertionError, …).
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise UnreadableImage(error.strerror) from error
        raise UnreadableImage(f"broken image: {_one_line(error)}") from error


def _read(file: IO[bytes], max_pixels: int) -> Image.Image:
    image = _open_lazily(file)
    width, height = image.size
    if width * height > max_pixels:
        raise TooManyPixels(f"too large: {width} × {height} pixels, at most {max_pixels} are decoded")
    image.load()
    turn = UPRIGHT.get(_orientation(image))
    rgb = _as_rgb(image)
    return rgb if turn is None else rgb.transpose(turn)


def _open_lazily(file: IO[bytes]) -> Image.Image:
    """Parse the header alone; Pillow's warnings about metadata and size are kept quiet."""
    if not file.read(1):
        raise UnreadableImage("the file is empty")
    with _filters_of_warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(file, formats=FORMATS)
        except UnidentifiedImageError as error:
            raise UnreadableImage("not a JPEG, PNG, WebP or GIF image, or its header is broken") from error
        except Image.DecompressionBombError as error:
            raise TooManyPixels(f"too large: at most {MAX_PIXELS} pixels are decoded") from error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) where the metadata is absent or broken, since the pixels are sound."""
    with _filters_of_warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return int(image.getexif().get(ExifTags.Base.Orientation, 1))
        except Exception:  # as many kinds as in open_image
            return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit_grey(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _from_16_bit_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = (values >> 8).astype(np.uint8)
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey).convert("RGB")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
