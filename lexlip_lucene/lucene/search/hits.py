"""The hits of one query as arrays, which read as a sequence of `Hit`.

They come from Java as one run of bytes (`lexlip.search.Answer`): scores are a view of it, docids become texts when they
are asked for.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import SearchError
from lexlip_lucene.records import Hit

_SCORE, _END = np.dtype("<i8"), np.dtype("<i4")


class Hits(Sequence[Hit]):
    """Hits by rank: `hits[0]` is a `Hit`, `hits.scores` and `hits.docids` are arrays.

    Attributes:
        scores: (hits,) int64 for impacts, float64 for BM25; never rising.
        unseen: no document outside these hits scores more than this. For an exact search it is at most the last score;
            for an approximate one, hits that score more are the true best, whatever was skipped.
    """

    def __init__(
        self,
        scores: NDArray[Any],
        line_ends: NDArray[np.int32],
        lines: bytes,
        unseen: int | float,
        index: Path | str = "",
    ):
        """Take what Java found: docids as lines, and their ends; `index` is named when a docid can't be read."""
        self._index = index
        self.scores = scores
        self.unseen = unseen
        self._ends = line_ends
        self._text = lines
        self._docids: NDArray[np.object_] | None = None

    @property
    def docids(self) -> NDArray[np.object_]:
        """(hits,) objects of type str.

        Raises:
            SearchError: a docid is not text, so the index is damaged.
        """
        if self._docids is None:
            try:
                self._docids = np.array(self._decoded(), dtype=object)
            except UnicodeDecodeError as error:
                raise SearchError(
                    f"{self._index} is damaged: the docid {error.object!r} of a hit is not valid UTF-8: build it again"
                ) from error
        return self._docids

    def with_float_scores(self) -> "Hits":
        """Return the same hits with the float32 whose bits the scores are (`Float.floatToIntBits`) as float64."""
        bits = np.append(self.scores, self.unseen).astype("<i4").view("<f4").astype(np.float64)
        return Hits(bits[:-1], self._ends, self._text, bits[-1].item(), self._index)

    def __len__(self) -> int:
        return len(self.scores)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hit]: ...
    def __getitem__(self, place: int | slice) -> Hit | list[Hit]:
        if isinstance(place, slice):
            return list(self)[place]
        rank = range(len(self))[place]
        return Hit(self.docids[rank], self.scores[rank].item(), rank + 1)

    def __iter__(self) -> Iterator[Hit]:
        ranks = range(1, len(self) + 1)
        return map(Hit, self.docids.tolist(), self.scores.tolist(), ranks)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list: equal to any sequence of the same hits

    def __repr__(self) -> str:
        return f"Hits({list(self)!r})"

    def _decoded(self) -> list[str]:
        try:
            docids = self._text.decode().split("\n")[:-1]
        except UnicodeDecodeError:
            docids = []  # below, the error is about the docid that is not text
        if len(docids) == len(self):
            return docids
        ends = self._ends.tolist()
        return [self._text[start : end - 1].decode() for start, end in zip([0, *ends], ends, strict=False)]


def unpack(answer: bytes, queries: int, index: Path | str) -> list[Hits]:
    """Return the hits of each of `queries` queries to `index`; the layout is that of `lexlip.search.Answer`."""
    facts = struct.unpack_from(f"<{queries}i{queries}q", answer)
    counts, unseen = facts[:queries], facts[queries:]
    total = sum(counts)
    scores = np.frombuffer(answer, _SCORE, total, 12 * queries)
    ends = np.frombuffer(answer, _END, total, 12 * queries + 8 * total)
    text = answer[12 * (queries + total) :]
    if queries == 1:
        return [Hits(scores, ends, text, unseen[0], index)]
    hits, first, begin = [], 0, 0
    for count, most in zip(counts, unseen, strict=True):
        stop = first + count
        end = int(ends[stop - 1]) if count else begin
        hits.append(Hits(scores[first:stop], ends[first:stop] - np.int32(begin), text[begin:end], most, index))
        first, begin = stop, end
    return hits
