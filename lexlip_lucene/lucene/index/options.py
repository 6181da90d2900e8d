"""How an index is written, checked before any work: threads, memory, order, and what is kept beside the vectors."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count, as_int
from lexlip_lucene.lucene.index.commit import CONTENTS, ID

_INDEX_ITSELF = (ID, "vector")
"""Keys of a line that are in the index in their own way."""


class WriteOptions(NamedTuple):
    """How documents are written.

    `threads` ≥ 1, `memory` in MB for documents that wait, `store` and `keywords` what is kept beside the vector,
    `merge_small` whether many segments of like size are merged at the end.
    """

    threads: int
    memory: int
    order: bool
    store: tuple[str, ...]
    keywords: tuple[str, ...]
    merge_small: bool


def checked_options(
    *,
    threads: int | None,
    memory: int,
    order: bool,
    store: Sequence[str],
    keywords: Sequence[str],
    merge_small: bool = True,
) -> WriteOptions:
    """Return the options, `threads` None as the number of cores.

    Raises:
        InputError: a number below 1, or a key that can't be kept.
    """
    threads = (os.cpu_count() or 1) if threads is None else as_count(threads, "threads")
    memory = as_int(memory, "memory")
    if memory < 1:
        raise InputError(f"memory must be at least 1 MB, got {memory}")
    _require_keys(store, "stored", _INDEX_ITSELF)
    _require_keys(keywords, "a keyword", (*_INDEX_ITSELF, CONTENTS))
    return WriteOptions(threads, memory, order, tuple(store), tuple(keywords), merge_small)


def _require_keys(keys: Sequence[str], what: str, taken: tuple[str, ...]) -> None:
    for place, key in enumerate(keys):
        if not key or key in taken:
            raise InputError(f"{key!r} can't be {what}: choose another key than {', '.join(taken)}")
        if key in keys[:place]:
            raise InputError(f"{key!r} is to be {what} twice: name it once")
