"""Near-duplicates: documents whose visual words are nearly the same.

    similarity(a, b) = a · b / (‖a‖ ‖b‖)    of the integer impacts of their visual words

a · b is the score of b for a as the query, so the pairs come from searches of the index by its own documents. A search
need not go down to the last hit: of two documents the one with the shorter vector finds the other. If ‖a‖ ≤ ‖b‖ and
the similarity is at least S, then

    a · b ≥ S ‖a‖ ‖b‖ ≥ S ‖a‖²

and ‖a‖² is the score of a for itself. So the hits of a that score at least S ‖a‖² have all partners with a longer
vector among them. Where the last of k hits still does, k is doubled. No pair is lost, whatever the lengths are.

Documents of the same visual words (`identical`) search once: the first of them stands for all.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit
from lexlip_lucene.search.all_looks import AllLooks, read_looks, similarity
from lexlip_lucene.search.duplicate_groups import Group, NearPair, groups_of
from lexlip_lucene.search.searcher import Searcher
from lexlip_lucene.words.visual_words import NEAR

FIRST_HITS = 16
"""Hits of a document that are looked at first."""

QUERIES_AT_ONCE, HITS_AT_ONCE = 2_000, 1_000_000
"""Documents that search in one crossing, and hits that it brings back, at most."""


class NearDuplicates(NamedTuple):
    """The near-duplicates of an index.

    Attributes:
        above: the least similarity of a pair.
        groups: the largest first, of equally large ones the most alike, then by docid; no document is in two.
        documents: documents of the index.
        without_looks: those that have no visual word, and so are in no group.
    """

    above: float
    groups: list[Group]
    documents: int
    without_looks: int

    @property
    def grouped(self) -> int:
        """Documents that are in a group."""
        return sum(len(group.members) for group in self.groups)


def near_duplicates(
    searcher: Searcher, above: float = NEAR, *, threads: int = 1, progress: Progress = SILENT
) -> NearDuplicates:
    """Find all pairs of documents of at least a similarity, and group what they connect.

    It takes no model: all is in the index. The result is exact, and the same each time.

    Args:
        searcher: of an index with visual words; an exact one.
        above: the least similarity, above 0 and at most 1.
        threads: of searches.
        progress: receives how far it is.

    Raises:
        InputError: `above` is out of range.
        SearchError: the index has no visual words, or can't be read.
    """
    require_similarity(above)
    looks = read_looks(searcher, threads=threads, progress=progress)
    pairs = list(_pairs(searcher, looks, above, threads, progress))
    return NearDuplicates(above, groups_of(pairs, looks), len(looks.docids) + looks.without, looks.without)


def require_similarity(above: float) -> None:
    """Raise InputError unless `above` is a similarity that pairs can be asked for."""
    if not 0 < above <= 1:
        raise InputError(f"a similarity must be above 0 and at most 1, which is that of the same looks; got {above:g}")


def identical(looks: AllLooks) -> dict[int, list[int]]:
    """Return the first row of each looks that there are → further rows that have the same."""
    first: dict[bytes, int] = {}
    same: dict[int, list[int]] = {}
    starts = looks.impacts.indptr.tolist()
    for row, (start, stop) in enumerate(pairwise(starts)):
        key = looks.impacts.indices[start:stop].tobytes() + looks.impacts.data[start:stop].tobytes()
        one = first.setdefault(key, row)
        same.setdefault(one, []).extend([row] if row != one else [])
    return same


def _pairs(searcher: Searcher, looks: AllLooks, above: float, threads: int, progress: Progress) -> Iterator[NearPair]:
    """Yield each pair once; of documents of the same looks only those of the first with each other one."""
    same = identical(looks)
    for first, others in same.items():
        yield from (NearPair(looks.docids[first], looks.docids[other], 1.0) for other in others)
    squares = looks.squares().tolist()
    row_of = {looks.docids[row]: row for row in same}
    seen: set[tuple[int, int]] = set()
    for row, hits in progress.track(_partners(searcher, looks, list(same), above, threads), "comparing", len(same)):
        for hit in hits:
            other = row_of.get(hit.docid, row)
            pair = (min(row, other), max(row, other))
            if other == row or pair in seen:
                continue
            alike = similarity(int(hit.score), squares[row], squares[other])
            if alike >= above:
                seen.add(pair)
                yield NearPair(looks.docids[pair[0]], looks.docids[pair[1]], alike)


def _partners(
    searcher: Searcher, looks: AllLooks, rows: Sequence[int], above: float, threads: int
) -> Iterator[tuple[int, Sequence[Hit]]]:
    """Yield each row with hits among which is each document of a longer vector that is at least so similar."""
    squares, k = looks.squares().tolist(), FIRST_HITS
    while rows:
        further: list[int] = []
        at_once = max(1, min(QUERIES_AT_ONCE, HITS_AT_ONCE // k))
        for start in range(0, len(rows), at_once):
            part = {looks.docids[row]: row for row in rows[start : start + at_once]}
            answers = searcher.search_batch({docid: looks.of(row) for docid, row in part.items()}, k, threads=threads)
            for docid, hits in answers.items():
                row = part[docid]
                least = math.floor(above * squares[row])  # a whole score is at least the number if it is at least this
                if len(hits) == k and hits[-1].score >= least:
                    further.append(row)
                else:
                    yield row, hits
        rows, k = further, 2 * k
