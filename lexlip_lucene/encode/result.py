"""The result of an encode run while it is unfinished: what every place for one offers, and what is the same of all.

`Unfinished` is that of a folder or a file, `UnfinishedAtUrl` that of a URL.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.errors import InputError
from lexlip_lucene.late.store_changes import Patches
from lexlip_lucene.vectors.manifest import Manifest, Rejected, ShardEntry


class Completion(Enum):
    """State of a run's result when the run begins: nothing of it, a part of its shards, or the whole."""

    NONE = auto()
    PARTIAL = auto()
    WHOLE = auto()


class DoneShard(BaseModel):
    """The record of a shard that is whole, kept until the run is, for the manifest and for a resumed run.

    A shard without documents has no file, and its sha256 is that of no bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: int
    documents: int
    empty: int
    postings: int
    bytes: int
    sha256: str
    rejected: list[Rejected]


class Result(Protocol):
    """The unfinished result of one run."""

    @property
    def plan(self) -> Sequence[PlannedShard]:
        """All shards, in order."""
        ...

    def completion(self, *, resume: bool, force: bool) -> Completion:
        """Return how much of the result exists; nothing is changed.

        Raises:
            OutputError: the result exists, this run did not make it, and `force` is off.
            InputError: what is half done was begun with another model, other inputs or other settings.
        """
        ...

    def begin(self) -> None:
        """Clear away what an earlier run left, and say what this one is."""
        ...

    def keep(
        self, shard: PlannedShard, lines: Sequence[bytes], done: DoneShard, patches: Sequence[Patches] = ()
    ) -> None:
        """Write a shard and its documents' patches, then the record that it is whole."""
        ...

    def done(self, shard: PlannedShard) -> DoneShard | None:
        """Return the record of a shard, or None if the shard is not there as it was written."""
        ...

    def manifest(self) -> Manifest:
        """Return the manifest of the result: every shard has been encoded.

        Raises:
            InputError: not one input could be read.
        """
        ...

    def finish(self, manifest: Manifest) -> None:
        """Put the result in its place, with `manifest` beside it, and clear away what led to it.

        Raises:
            InputError: an id is in two shards.
        """
        ...

    def whole_manifest(self) -> Manifest:
        """Return the manifest beside a result that `completion` found whole."""
        ...

    def clear(self) -> None:
        """Remove everything at the place of the unfinished result."""
        ...


def manifest_of(facts: Mapping[str, Any], plan: Sequence[PlannedShard], done: Sequence[DoneShard | None]) -> Manifest:
    """Return the manifest of shards that are all done; the number of inputs is their sum unless `facts` has it."""
    whole = [one for one in done if one is not None]
    assert len(whole) == len(plan), "every shard has been encoded"
    return Manifest(
        **{"inputs": sum(one.inputs for one in whole), **facts},
        documents=sum(one.documents for one in whole),
        empty=sum(one.empty for one in whole),
        postings=sum(one.postings for one in whole),
        rejected=[rejected for one in whole for rejected in one.rejected],
        shards=[
            ShardEntry(name=shard.name, documents=one.documents, sha256=one.sha256)
            for shard, one in zip(plan, whole, strict=True)
            if one.documents
        ],
    )


def require_same_settings(place: object, begun: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise InputError unless what is half done at `place` was begun with the settings of this run."""
    for key, value in settings.items():
        if begun.get(key) != value:
            raise InputError(
                f"{place} was begun with {key} {begun.get(key)}, but this run has {value}: resume it with the same "
                "model, inputs and options, or begin again without --resume"
            )
