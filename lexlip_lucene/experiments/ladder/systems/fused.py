"""LexLIP and BM25 side by side, their answers fused: by ranks, or by scores with a share chosen beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25, Bm25System
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Form, Index, OpenIndex, Search, System
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe
from lexlip_lucene.records import Hit

RRF, INTERPOLATED = "LexLIP + BM25, RRF", "LexLIP + BM25, interpolated"

DEPTH = 100
"""Hits that each side hands over."""


@dataclass(frozen=True)
class FusedSystem:
    """Two indexes of other systems, searched side by side.

    `share` is the first one's; None fuses by ranks.
    """

    first: Index
    second: Index
    name: str
    share: float | None = None
    asks: Form = "lexicon"
    source: str = OURS

    @property
    def indexes(self) -> Sequence[Index]:
        """Both sides'."""
        return (self.first, self.second)

    @property
    def compared_with(self) -> Sequence[str]:
        """BM25."""
        return (BM25,)

    def over(self, opened: Sequence[OpenIndex], queries: Queries) -> Search:
        """Return the search of both sides."""
        first, second = opened
        return _Fused(first, second, self.share)

    def postings(self, folders: Sequence[Path], queries: Queries) -> float | None:
        """Return None: each side reports its own."""
        return None


class _Fused:
    def __init__(self, first: Search, second: Search, share: float | None) -> None:
        self._first, self._second, self._share = first, second, share

    def one(self, query: int, k: int) -> Answer:
        return self._fused(self._first.one(query, DEPTH), self._second.one(query, DEPTH), k)

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        first, second = (side.many(queries, DEPTH, threads) for side in (self._first, self._second))
        return [self._fused(a, b, k) for a, b in zip(first, second, strict=True)]

    def _fused(self, first: Answer, second: Answer, k: int) -> Answer:
        runs = ({"": _hits(first)}, {"": _hits(second)})
        if self._share is None:
            fused = reciprocal_rank_fusion(runs, depth=k)
        else:
            fused = interpolate(*runs, alpha=self._share, depth=k)
        return Answer([hit.docid for hit in fused[""]], [hit.score for hit in fused[""]])


def _hits(answer: Answer) -> list[Hit]:
    pairs = zip(answer.docids, answer.scores, strict=True)
    return [Hit(str(docid), score, rank) for rank, (docid, score) in enumerate(pairs, start=1)]


class FusedKind(SystemKind):
    """LexLIP's first operating point fused with BM25: by ranks in every ladder, by scores if a share was chosen."""

    colours: ClassVar[Mapping[str, str]] = {RRF: "#005a32", INTERPOLATED: "#41ab5d"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the fusion by ranks, then that by scores."""
        lexlip, bm25 = LexlipSystem(recipe.points[0], recipe.main), Bm25System()
        yield FusedSystem(lexlip, bm25, RRF)
        if shares is not None:
            yield FusedSystem(lexlip, bm25, INTERPOLATED, share=shares.interpolation)

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the line on the fusion by ranks."""
        return {"fused by ranks": {"k": 60, "first hits of each side": DEPTH}}
