"""A picture that was sent: bounded in bytes, in pixels and in scans before it is decoded.

The header says how many pixels there are, whatever the file's size. A progressive JPEG repeats them once a scan, and a
scan takes ten bytes: so scans are counted, too. 0xFFDA begins one and is nowhere else in compressed data, where a
zero follows each 0xFF.
"""

from io import BytesIO
from typing import TYPE_CHECKING

from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.data.images import UnreadableImage, read_image

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_SCANS = 64
"""libjpeg's own progressive script has 10; a preview in the metadata has some of its own."""


def read_upload(content: bytes, *, pixels: int) -> "Image":
    """Decode a picture that was sent.

    Args:
        content: the file, bounded by the caller.
        pixels: the most that are decoded.

    Returns:
        A picture in mode RGB, upright.

    Raises:
        UnreadableImage: of another format than `data/images.py` reads, broken, or of too many scans.
        TooManyPixels: larger than `pixels`.
    """
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise UnreadableImage(f"a JPEG of at most {MOST_SCANS} scans is read, this one has more")
    return read_image(BytesIO(content), ImageLimits(pixels))
