"""The file of a picture as it lies on the disk: how many bytes and pixels it has."""

from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.image_limits import LIMITS
from lexlip_lucene.data.images import open_header, opened_picture


class PictureFile(NamedTuple):
    """A picture's file.

    Attributes:
        path: of the file.
        bytes: its size.
        width: in pixels, as the header says, before any Exif orientation.
        height: in pixels.
    """

    path: Path
    bytes: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def picture_file(path: Path) -> PictureFile:
    """Look at a picture's file without decoding it.

    Raises:
        UnreadableImage: it is missing, no picture, or larger than what is decoded.
    """
    with opened_picture(path) as file, open_header(file, LIMITS) as header:
        width, height = header.size
    return PictureFile(path, path.stat().st_size, width, height)
