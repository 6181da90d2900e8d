"""LexLIP and BM25 side by side, their answers fused: by ranks, or by scores with a share chosen beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.system import Form, Found, Indexed, Opened
from lexlip_lucene.recipes.ladder_recipe import OURS
from lexlip_lucene.records import Hit

DEPTH = 100
"""Hits that each side hands over."""


@dataclass(frozen=True)
class FusedSystem:
    """Two systems, with the folders of their indexes, and no index of its own.

    `share` is the first one's; None fuses by ranks.
    """

    first: Indexed
    second: Indexed
    first_folder: Path
    second_folder: Path
    name: str
    share: float | None = None
    asks: Form = "lexicon"
    source: str = OURS

    def open(self, folder: Path, queries: Queries) -> "_OpenFused":
        """Open both."""
        first, second = self.first.open(self.first_folder, queries), self.second.open(self.second_folder, queries)
        return _OpenFused(first, second, queries, self.share)

    def over(self, first: Opened, second: Opened, queries: Queries) -> "_OpenFused":
        """Search both sides where they are open already."""
        return _OpenFused(first, second, queries, self.share)


class _OpenFused:
    def __init__(self, first: Opened, second: Opened, queries: Queries, share: float | None) -> None:
        self._first, self._second, self._queries, self._share = first, second, queries, share

    def one(self, query: int, k: int) -> Found:
        return self._fused(self._first.one(query, DEPTH), self._second.one(query, DEPTH), k)

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Found]:
        first, second = (side.many(queries, DEPTH, threads) for side in (self._first, self._second))
        return [self._fused(a, b, k) for a, b in zip(first, second, strict=True)]

    def close(self) -> None:
        self._first.close()
        self._second.close()

    def _fused(self, first: Found, second: Found, k: int) -> Found:
        runs = ({"": _hits(first)}, {"": _hits(second)})
        if self._share is None:
            fused = reciprocal_rank_fusion(runs, depth=k)
        else:
            fused = interpolate(*runs, alpha=self._share, depth=k)
        return Found([hit.docid for hit in fused[""]], [hit.score for hit in fused[""]])


def _hits(found: Found) -> list[Hit]:
    pairs = zip(found.docids, found.scores, strict=True)
    return [Hit(str(docid), score, rank) for rank, (docid, score) in enumerate(pairs, start=1)]
