"""Parts of one collection, which were encoded by themselves, as the whole: byte for byte that of a single run.

A part's manifest says which part of how many it is, and of which inputs. The shards are copied as they are, since their
numbers are those of the whole.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.files.replaced_url import require_replaceable
from lexlip_lucene.files.written import remove_replaced, require_absent, written_folder
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.vectors.distinct_ids import require_distinct_ids
from lexlip_lucene.vectors.manifest import (
    SHARD_NAMES,
    Manifest,
    ShardEntry,
    manifest_bytes,
    parsed_manifest,
    require_documents,
    write_manifest,
)

_OF_ONE_PART = ("inputs", "documents", "empty", "postings", "rejected", "shards", "part")
"""Keys of a manifest in which the parts of a whole differ."""


class CollectionPart(NamedTuple):
    """A part of a collection, and its manifest."""

    location: Location
    manifest: Manifest

    @property
    def number(self) -> int:
        """The number of the part, from 0."""
        return 0 if self.manifest.part is None else self.manifest.part[0]

    @property
    def of(self) -> int:
        """The number of parts."""
        return 1 if self.manifest.part is None else self.manifest.part[1]


def merge_collections(
    output: Location, parts: Sequence[Location], *, force: bool = False, progress: Progress = SILENT
) -> Manifest:
    """Write the collection of which `parts` are all parts, and return its manifest.

    Args:
        output: what to write, here or at a URL.
        parts: in any order, here or at URLs.
        force: replace an `output` that exists.
        progress: receives the shards that are copied.

    Raises:
        InputError: one of `parts` has no manifest or is no part, they are of different wholes, one is missing or given
            twice, a shard is not as its manifest says, or an id is in two of them.
        OutputError: `output` exists and `force` is off, is one of `parts`, or can't be written.
    """
    for part in parts:
        if part.is_within(output):
            raise OutputError(f"{part} is a part, and would be replaced by the output {output}: choose another name")
    found = sorted((read_part(part, of_one=len(parts) == 1) for part in parts), key=lambda part: part.number)
    _require_whole(found)
    manifest = require_documents(_merged(found))
    _require_free(output, force=force)
    require_distinct_ids([part.location.child(shard.name) for part in found for shard in part.manifest.shards])
    shards = [(part, shard) for part in found for shard in part.manifest.shards]
    if output.path is not None:
        with written_folder(output.path, force=force) as folder:
            _copy(shards, Location(folder), progress)
        write_manifest(output.path, manifest)
        remove_replaced(output.path)
    else:
        output.beside(".manifest.json").remove()
        output.remove()
        _copy(shards, output, progress)
        output.beside(".manifest.json").write(manifest_bytes(manifest))
    return manifest


def read_part(location: Location, *, of_one: bool = False) -> CollectionPart:
    """Return a part; InputError if it has no manifest, or was not encoded with --shard.

    Args:
        location: of the part.
        of_one: it may be a whole collection, which part 0/1 is.
    """
    file = location.beside(".manifest.json")
    if not file.exists():
        raise InputError(f"{file} is missing: {location} is no collection, or encoding it was cut short; resume it")
    manifest = parsed_manifest(file.read(), file)
    if manifest.part is None and not of_one:
        raise InputError(
            f"{location} is no part of a collection: it was encoded without --shard; whole collections go "
            "into one index by `lexlip index --append`"
        )
    return CollectionPart(location, manifest)


def _require_whole(parts: Sequence[CollectionPart]) -> None:
    """Raise InputError unless the parts, in order, are those of one whole, each of them once."""
    first = parts[0]
    for part in parts[1:]:
        for key in sorted(Manifest.model_fields.keys() - _OF_ONE_PART):
            one, other = getattr(first.manifest, key), getattr(part.manifest, key)
            if one != other:
                raise InputError(
                    f"{part.location} was encoded with {key} {other}, but {first.location} with {one}: parts of one "
                    "collection have the same inputs, model and options"
                )
        if part.of != first.of:
            raise InputError(f"{part.location} is one of {part.of} parts, but {first.location} of {first.of}")
    for before, part in pairwise(parts):
        if before.number == part.number:
            raise InputError(f"{before.location} and {part.location} are both part {part.number}/{part.of}")
    missing = sorted(set(range(first.of)) - {part.number for part in parts})
    if missing:
        names = ", ".join(f"{number}/{first.of}" for number in missing[:10])
        raise InputError(f"{len(missing)} of {first.of} parts are missing: {names}{', …' if len(missing) > 10 else ''}")


def _merged(parts: Sequence[CollectionPart]) -> Manifest:
    """Return the manifest of the whole: its counts are the sums of those of the parts."""
    manifests = [part.manifest for part in parts]
    sums = {key: sum(getattr(one, key) for one in manifests) for key in ("inputs", "documents", "empty", "postings")}
    rejected = [rejected for one in manifests for rejected in one.rejected]
    shards = [shard for one in manifests for shard in one.shards]
    facts = manifests[0].model_dump() | {"part": None, "rejected": rejected, "shards": shards}
    return Manifest(**{**facts, **sums})


def _require_free(output: Location, *, force: bool) -> None:
    if output.path is not None:
        require_absent(output.path, force=force)
    elif not force and (output.is_folder() or output.beside(".manifest.json").exists()):
        raise OutputError(f"{output} exists already: choose another name, or overwrite it with --force")
    else:
        require_replaceable(output, SHARD_NAMES, "a collection")


def _copy(shards: Sequence[tuple[CollectionPart, ShardEntry]], folder: Location, progress: Progress) -> None:
    for part, shard in progress.track(shards, "copying shards", len(shards)):
        file = part.location.child(shard.name)
        content = file.read()
        if hashlib.sha256(content).hexdigest() != shard.sha256:
            raise InputError(f"{file} is not the file that the manifest of {part.location} lists (another SHA-256)")
        if folder.path is not None:
            Path(folder.path, shard.name).write_bytes(content)  # made durable with the folder
        else:
            folder.child(shard.name).write(content)
