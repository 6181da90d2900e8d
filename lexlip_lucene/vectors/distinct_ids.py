"""The ids of a collection, compared across its shards with eight bytes of memory-mapped disk a document."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location

_AT_ONCE = 1 << 20
"""Hashes that are compared at a time."""


def require_distinct_ids(shards: Sequence[Location]) -> None:
    """Raise InputError that names an id, and both its places, if an id is on two lines of `shards`."""
    with tempfile.TemporaryFile() as file:
        for shard in shards:
            file.write(np.array([_hash(id) for _, id in _ids(shard)], np.uint64).tobytes())
        if file.tell() == 0:
            return
        file.flush()
        hashes = np.memmap(file, np.uint64)
        hashes.sort()
        twice: set[int] = set()
        for begin in range(0, len(hashes), _AT_ONCE):
            part = hashes[begin : begin + _AT_ONCE + 1]
            twice.update(part[1:][part[1:] == part[:-1]].tolist())
    if twice:
        _require_other_ids(shards, twice)


def _require_other_ids(shards: Sequence[Location], hashes: set[int]) -> None:
    """Raise InputError unless the ids with these hashes only have a hash in common."""
    places: dict[str, str] = {}
    for shard in shards:
        for number, id in _ids(shard):
            if _hash(id) in hashes:
                place = f"{shard}:{number}"
                if id in places:
                    raise InputError(
                        f"the id {id!r} is at {places[id]} and at {place}: ids of a collection differ, so give "
                        "each picture an id of its own in all shards"
                    )
                places[id] = place


def _ids(shard: Location) -> Iterator[tuple[int, str]]:
    """Yield the number, from 1, and the id of each line."""
    with shard.opened() as file:
        for number, line in enumerate(file, start=1):
            yield number, orjson.loads(line)["id"]


def _hash(id: str) -> int:
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "little")
