"""The images of an encode run, group by group: those of a list, or those of shards, which nobody has listed."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, Protocol

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.remote.picture_shard import PictureShard, PictureShards
from lexlip_lucene.encode.inputs_hash import hash_of_images
from lexlip_lucene.encode.shard_plan import PlannedShard, plan_shards
from lexlip_lucene.errors import InputError


class ImageGroup(NamedTuple):
    """The images of one batch, and the shard that they belong to; `last` if they end it."""

    shard: PlannedShard
    last: bool
    images: Sequence[CaptionedImage]


class ImageInputs(Protocol):
    """All images of a run, and of the runs that encode its other parts."""

    @property
    def plan(self) -> Sequence[PlannedShard]:
        """All shards, in order."""
        ...

    @property
    def sha256(self) -> str:
        """The identity of the inputs."""
        ...

    @property
    def guessed(self) -> int:
        """The number of images, guessed where nobody has counted them."""
        ...

    def groups(self, plan: Sequence[PlannedShard], size: int) -> Iterator[ImageGroup]:
        """Yield the images of these shards in order, at most `size` in a group; each shard has a last group."""
        ...


class ListedImages:
    """The images of a list.

    Args:
        images: all of them.
        first: the number of the first shard.

    Raises:
        OutputError: an id occurs twice.
    """

    def __init__(self, images: Sequence[CaptionedImage], *, first: int = 0) -> None:
        self.images = images
        self.plan: Sequence[PlannedShard] = plan_shards(len(images), first=first)
        self.sha256 = hash_of_images(images)
        self.guessed = len(images)

    def groups(self, plan: Sequence[PlannedShard], size: int) -> Iterator[ImageGroup]:
        """Yield groups; as in `ImageInputs`."""
        for shard in plan:
            for batch in shard.batches(size):
                yield ImageGroup(shard, batch.stop == shard.end, [self.images[number] for number in batch])


class ShardedImages:
    """The images of shards, of which one is read at a time.

    Args:
        shards: shard N of the plan is number N of them.

    Raises:
        InputError: a shard is missing.
    """

    def __init__(self, shards: PictureShards) -> None:
        self._shards = shards.shards
        self.plan: Sequence[PlannedShard] = [PlannedShard(number) for number in range(len(shards.shards))]
        self.sha256 = shards.sha256
        self.guessed = shards.guessed_pictures
        self._first_ids: dict[str, PictureShard] = {}

    def groups(self, plan: Sequence[PlannedShard], size: int) -> Iterator[ImageGroup]:
        """Yield groups; as in `ImageInputs`. A thread reads the next one meanwhile.

        Raises:
            InputError: a shard can't be read, or begins with the id with which another began.
        """
        stream = self._read(plan, size)
        with ThreadPoolExecutor(1) as thread:
            following = thread.submit(next, stream, None)
            while (group := following.result()) is not None:
                following = thread.submit(next, stream, None)
                yield group

    def _read(self, plan: Sequence[PlannedShard], size: int) -> Iterator[ImageGroup]:
        for shard in plan:
            stream = self._shards[shard.number].images()
            waiting = list(islice(stream, size))
            self._require_other_ids(self._shards[shard.number], waiting)
            while following := list(islice(stream, size)):
                yield ImageGroup(shard, False, waiting)
                waiting = following
            yield ImageGroup(shard, True, waiting)

    def _require_other_ids(self, shard: PictureShard, images: Sequence[CaptionedImage]) -> None:
        """Find keys that begin again with each shard now, and not when all are encoded and compared."""
        first = next((image for image in images if not image.refused), None)
        if first is not None:
            other = self._first_ids.setdefault(first.id, shard)
            if other is not shard:
                raise InputError(
                    f"{shard.location}: its first picture has the id {first.id!r}, as that of {other.location} "
                    "has: give each picture an id of its own in all shards"
                )
