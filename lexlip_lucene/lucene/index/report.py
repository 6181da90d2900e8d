"""The report of a build, and the places where an index may be written."""

import os
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.written import require_absent


class IndexReport(NamedTuple):
    """The contents of an index once it is written.

    `documents` counts the `empty` ones, too, which have no token; `postings` is the number of (token, document) pairs;
    `index_bytes` the size on disk; `seconds` wall time; `segments` the parts that a search goes through one by one.
    Passed over were `zeros` weights of 0, and `hidden` files and folders of what was read.
    """

    documents: int
    empty: int
    postings: int
    index_bytes: int
    seconds: float
    segments: int
    zeros: int = 0
    hidden: int = 0


def require_index_place(target: Path, *, force: bool) -> None:
    """Raise OutputError unless `target` is free, or is an index and `force` is on. Call it before the work."""
    try:
        require_absent(target, force=force)
        other = target.exists() and not any(name.startswith("segments_") for name in os.listdir(target))
    except NotADirectoryError:
        other = True
    except OSError as error:
        raise OutputError(f"{target} can't be looked at: {error.strerror or error}") from error
    if other:
        raise OutputError(f"{target} is there and is no index, so it is not overwritten: choose another name")


def require_outside(target: Path, collection: Path) -> None:
    """Raise OutputError when `target` lies in `collection`, which holds nothing but shards."""
    if target.resolve().is_relative_to(collection.resolve()):
        raise OutputError(f"{target} lies in the collection {collection}: choose a place beside it")
