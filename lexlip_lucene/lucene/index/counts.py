"""The counts of an index, held against what went in: nothing may get lost on the way into Lucene.

Documents {"red": 3, "cat": 2}, {"cat": 1} and {} are 3 documents, 1 empty, 3 postings and 6 as the sum of impacts.
"""

from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import IndexingError
from lexlip_lucene.lucene.index.commit import CONTENTS, open_reader
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME


class Counts(NamedTuple):
    """Documents, the empty ones among them, postings, and the sum of all impacts."""

    documents: int
    empty: int
    postings: int
    impact_sum: int


def require_same(wanted: tuple[int | None, ...], found: tuple[int, ...], what: str, names: str) -> None:
    """Raise IndexingError unless `found` is what is `wanted`; None in `wanted` is any number."""
    if any(want not in (None, there) for want, there in zip(wanted, found, strict=True)):
        raise IndexingError(
            f"the index of {what} does not add up: {names} must be {wanted}, but the index has {found}: did the "
            "collection change meanwhile?"
        )


def require_on_disk(index: Path, counts: tuple[int, int, int], what: str) -> None:
    """Open the index in the folder `index`, and compare it with the documents, empty ones and postings in `counts`.

    Raises:
        IndexingError: they differ.
    """
    documents, _, postings = counts
    with ONE_AT_A_TIME:
        reader = open_reader(index)
        # Deleted documents keep their postings until the next merge; and Lucene says -1 for a field without postings.
        wanted = (documents, None if reader.hasDeletions() else postings)
        found = (reader.numDocs(), max(reader.getSumDocFreq(CONTENTS), 0))
        reader.close()
    require_same(wanted, found, what, "documents, postings")
