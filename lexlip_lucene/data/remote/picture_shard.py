"""A shard of pictures: a file with many, which is read from its beginning to its end, and never listed as a whole."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Protocol

import orjson

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.files.location import Location

MOST_BYTES = 1 << 28
"""Bytes of one encoded picture: of a larger one, 256 MiB, nothing is read."""

SIZES_AT_ONCE = 32
"""Shards whose sizes are asked for at a time: a store answers slowly, and many at once."""

TYPICAL_BYTES = 100_000
"""Bytes of a picture, by which the number of pictures in a shard is guessed before it is read."""


class PictureShard(Protocol):
    """A file with pictures."""

    @property
    def location(self) -> Location:
        """The file."""
        ...

    def images(self) -> Iterator[CaptionedImage]:
        """Yield its pictures in order, each with its content, and those that can't be read with the reason.

        No two pictures have an id in common, unless all but one of them are refused.

        Raises:
            InputError: the file is missing, cut, or not what its name says.
        """
        ...


class PictureShards:
    """Shards of pictures, in order.

    Args:
        shards: at least one.
    """

    def __init__(self, shards: Sequence[PictureShard]) -> None:
        self.shards = shards

    @cached_property
    def sizes(self) -> list[int | None]:
        """The bytes of each shard, None where its server does not say.

        Raises:
            InputError: a shard is missing.
        """
        with ThreadPoolExecutor(SIZES_AT_ONCE) as threads:
            return list(threads.map(lambda shard: shard.location.size(), self.shards))

    @cached_property
    def sha256(self) -> str:
        """The identity of the shards, of their names and sizes in order; errors as in `sizes`."""
        digest = hashlib.sha256()
        for shard, size in zip(self.shards, self.sizes, strict=True):
            digest.update(orjson.dumps([shard.location.name, size], option=orjson.OPT_APPEND_NEWLINE))
        return digest.hexdigest()

    @property
    def guessed_pictures(self) -> int:
        """The number of pictures as the shards' sizes suggest it; errors as in `sizes`."""
        return sum(size or 0 for size in self.sizes) // TYPICAL_BYTES


def no_content() -> bytes:
    """Return never: the content of a picture that is refused."""
    raise UnreadableImage("there is none")
