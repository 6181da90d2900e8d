"""LexLIP and BM25 side by side, their answers fused: by ranks, or by scores with a share chosen beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.files import bytes_below
from lexlip_lucene.ladder.system import Built, Form, Opened, Rung, System
from lexlip_lucene.ladder_documents.queries import Queries
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Hit, Run

DEPTH = 100
"""Hits that each side hands over."""


@dataclass(frozen=True)
class FusedSystem:
    """Two systems whose indexes stand beside this one's folder; `share` is the first one's, None is by ranks."""

    first: System
    second: System
    first_folder: Path
    second_folder: Path
    name: str
    share: float | None = None
    asks: Form = "lexicon"

    def build(self, rung: Rung, folder: Path, progress: Progress) -> Built:
        """Build nothing: its indexes are those of both, which are there, and so is its size."""
        folder.mkdir(parents=True, exist_ok=True)
        return Built(0.0, bytes_below(self.first_folder) + bytes_below(self.second_folder))

    def open(self, folder: Path, queries: Queries) -> "_OpenFused":
        """Open both."""
        first, second = self.first.open(self.first_folder, queries), self.second.open(self.second_folder, queries)
        return _OpenFused(first, second, queries, self.share)


class _OpenFused:
    def __init__(self, first: Opened, second: Opened, queries: Queries, share: float | None) -> None:
        self._first, self._second, self._queries, self._share = first, second, queries, share

    def one(self, query: int, k: int) -> Sequence[Hit]:
        qid = self._queries.qids[query]
        return self._fused({qid: self._first.one(query, DEPTH)}, {qid: self._second.one(query, DEPTH)}, k)[0]

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Sequence[Hit]]:
        qids = [self._queries.qids[place] for place in queries]
        first, second = (
            dict(zip(qids, side.many(queries, DEPTH, threads), strict=True)) for side in (self._first, self._second)
        )
        return self._fused(first, second, k)

    def close(self) -> None:
        self._first.close()
        self._second.close()

    def _fused(self, first: Run, second: Run, k: int) -> list[Sequence[Hit]]:
        if self._share is None:
            return list(reciprocal_rank_fusion([first, second], depth=k).values())
        return list(interpolate(first, second, alpha=self._share, depth=k).values())
