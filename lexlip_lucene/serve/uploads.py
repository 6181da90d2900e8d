"""A picture that was sent: bounded in bytes, in pixels and in scans before it is decoded.

The header says how many pixels there are, whatever the file's size. A progressive JPEG repeats them once a scan, and a
scan takes ten bytes: so scans are counted, too. 0xFFDA begins one and is nowhere else in compressed data, where a
zero follows each 0xFF.

A camera's JPEG of 108 megapixels is decoded at a quarter of its height and width, which takes the memory of 7. Only a
progressive one needs its memory whole, so it has the bound of the other formats.
"""

from io import BytesIO
from typing import TYPE_CHECKING

from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.data.images import REDUCED_TO, TooManyPixels, UnreadableImage, open_header, read_image

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_SCANS = 64
"""libjpeg's own progressive script has 10; a preview in the metadata has some of its own."""


LARGE_JPEG = 5
"""Times the pixels of other pictures that a JPEG may have which is decoded at a part of its size."""

REDUCED = 4
"""Part of its height and width at which it is decoded: 1/4."""

SETTING = "lexlip serve --upload-pixels N allows more"


def read_upload(content: bytes, *, pixels: int) -> "Image":
    """Decode a picture that was sent.

    Args:
        content: the file, bounded by the caller.
        pixels: the most that a picture has; a JPEG that is not progressive may have LARGE_JPEG times as many.

    Returns:
        A picture in mode RGB, upright; a JPEG of more than `pixels` at a quarter of its height and width.

    Raises:
        UnreadableImage: of another format than `data/images.py` reads, broken, or of too many scans.
        TooManyPixels: larger; the message names the setting.
    """
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise UnreadableImage(f"a JPEG of at most {MOST_SCANS} scans is read, this one has more")
    try:
        side = _reduced_side(content, pixels)
        return read_image(BytesIO(content), ImageLimits(pixels if side is None else LARGE_JPEG * pixels), side=side)
    except TooManyPixels as error:
        raise TooManyPixels(f"{error}; {SETTING}") from error


def _reduced_side(content: bytes, pixels: int) -> int | None:
    """Return the `side` with which a large JPEG is decoded at a quarter of its size; None if it is none."""
    if not content.startswith(b"\xff\xd8"):
        return None
    image = open_header(BytesIO(content), ImageLimits(LARGE_JPEG * pixels))
    width, height = image.size
    if width * height <= pixels or image.format not in ("JPEG", "MPO") or image.info.get("progressive"):
        return None
    return int(min(width, height) / REDUCED / REDUCED_TO) or None
