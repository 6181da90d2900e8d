"""The options of an index that is written, checked before any work."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict, Unpack

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count, as_int
from lexlip_lucene.lucene.index.commit import CONTENTS, ID
from lexlip_lucene.search.caption_fields import checked_captions
from lexlip_lucene.text_list import as_texts

_INDEX_ITSELF = (ID, "vector")
"""Keys of a line that are in the index in their own way."""


class IndexOptions(TypedDict, total=False):
    """The options with which `ImpactIndex.build`, `create` and `open` write; each may be left out.

    `IndexOptions(threads=2, keywords=("split",))` makes a dict of them: `ImpactIndex.build(…, **options)`.

    Attributes:
        threads: at least 1; all cores unless given.
        memory: MB for documents that wait to be written, 1 to a third of Java's heap, 1,024 unless given; more is
            written in parts.
        order: reorder documents so that similar ones are side by side: 4–6 % smaller where vectors are alike. Of what
            is added later, it orders what is added.
        store: keys of a line whose values are stored, texts as they are and others as JSON.
        keywords: keys whose values (texts, numbers, true or false, lists of texts) can be filtered by.
        captions: key → weight of the keys whose texts are searched by BM25 beside the vectors
            (`search/caption_fields.py`); of a new index only.
    """

    threads: int | None
    memory: int
    order: bool
    store: Sequence[str]
    keywords: Sequence[str]
    captions: Mapping[str, float]


class WriteOptions(NamedTuple):
    """The options after the check: nothing is left out; and whether many small segments are merged at the end."""

    threads: int
    memory: int
    order: bool
    store: tuple[str, ...]
    keywords: tuple[str, ...]
    captions: Mapping[str, float]
    merge_small: bool


def checked_options(*, merge_small: bool, **options: Unpack[IndexOptions]) -> WriteOptions:
    """Return the options, `threads` None as the number of cores.

    Raises:
        InputError: a number below 1, or a key that can't be kept.
        TypeError: an option of another name.
    """
    for name in options.keys() - IndexOptions.__annotations__.keys():
        raise TypeError(f"{name!r} is not an option of an index: {', '.join(IndexOptions.__annotations__)}")
    threads, memory = options.get("threads"), options.get("memory", 1024)
    store = as_texts(options.get("store", ()), "store")
    keywords = as_texts(options.get("keywords", ()), "keywords")
    order = options.get("order", False)
    if not isinstance(order, bool):
        raise InputError(f"order must be True or False, got {order!r}")
    threads = (os.cpu_count() or 1) if threads is None else as_count(threads, "threads")
    memory = as_int(memory, "memory")
    if memory < 1:
        raise InputError(f"memory must be at least 1 MB, got {memory}")
    _require_keys(store, "stored", _INDEX_ITSELF)
    _require_keys(keywords, "a keyword", (*_INDEX_ITSELF, CONTENTS))
    return WriteOptions(
        threads=threads,
        memory=memory,
        order=order,
        store=tuple(store),
        keywords=tuple(keywords),
        captions=checked_captions(options.get("captions", {})),
        merge_small=merge_small,
    )


def _require_keys(keys: Sequence[str], what: str, taken: tuple[str, ...]) -> None:
    for place, key in enumerate(keys):
        if not key or key in taken:
            raise InputError(f"{key!r} can't be {what}: choose another key than {', '.join(taken)}")
        if key in keys[:place]:
            raise InputError(f"{key!r} is to be {what} twice: name it once")
