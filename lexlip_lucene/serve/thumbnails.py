"""Pictures made small enough for the grid, in a cache bounded in bytes."""

from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache
from PIL import Image

from lexlip_lucene.data.images import open_image
from lexlip_lucene.serve.image_files import media_type

SIDE = 480
"""Pixels of the longer side: a column of the grid on a screen of double density."""

LARGE_SIDE = 2048
"""Pixels of the longer side of a picture seen large whose file browsers do not show."""

QUALITY = 82

SMALL_BYTES = 200_000
AS_IT_IS = ("image/jpeg", "image/png", "image/webp")
"""The size up to which a file is handed on as it is; a GIF may move, and in the grid nothing does."""


class Thumbnail(NamedTuple):
    """A small picture as a file."""

    content: bytes
    media: str


class Thumbnails:
    """A maker and keeper of small pictures. Safe for several threads."""

    def __init__(self, *, most_bytes: int) -> None:
        self._kept: LRUCache[Path, Thumbnail] = LRUCache(most_bytes, getsizeof=lambda made: len(made.content))
        self._lock = Lock()

    def of(self, path: Path) -> Thumbnail:
        """Return the picture at `path`, at most SIDE pixels a side.

        Raises:
            UnreadableImage: it can't be read.
        """
        with self._lock:
            kept = self._kept.get(path)
        if kept is None:
            kept = _made(path)
            with self._lock:
                if len(kept.content) <= self._kept.maxsize:
                    self._kept[path] = kept
        return kept

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()


def _made(path: Path) -> Thumbnail:
    picture, media = open_image(path), media_type(path)
    if max(picture.size) <= SIDE and media in AS_IT_IS and path.stat().st_size <= SMALL_BYTES:
        return Thumbnail(path.read_bytes(), media)
    return small(picture)


def small(picture: Image.Image) -> Thumbnail:
    """Return a picture in mode RGB as a file of at most SIDE pixels a side."""
    return _jpeg(picture.copy(), SIDE)


def shown(path: Path) -> Thumbnail:
    """Return a picture that browsers don't show (TIFF, HEIC) as one that they do, at most LARGE_SIDE pixels a side.

    Raises:
        UnreadableImage: it can't be read.
    """
    return _jpeg(open_image(path), LARGE_SIDE)


def _jpeg(picture: Image.Image, side: int) -> Thumbnail:
    picture.thumbnail((side, side))
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return Thumbnail(file.getvalue(), "image/jpeg")
