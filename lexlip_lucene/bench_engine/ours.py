"""This bridge as an engine of the bench, exact or at an operating point of its approximate search."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lexlip_lucene.bench_engine.engine import Pass, Queries, Ranking
from lexlip_lucene.lucene.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Hit


def approximate_points(terms: int) -> dict[str, dict[str, Any]]:
    """Return the operating points to try for queries of so many terms: name → further arguments of a search.

    THE PLACE for approximate search. `ImpactSearcher` has none yet; with one a point reads
    `{"8 terms, 200 candidates": {"approximate": Approximation(terms=8, candidates=200)}}`.
    """
    return {}


class OurEngine:
    """An open `ImpactSearcher`; `point` is handed to every search."""

    def __init__(self, index: Path, point: Mapping[str, Any] | None = None) -> None:
        self._searcher = ImpactSearcher(index)
        self._point = dict(point or {})

    def one_by_one(self, queries: Queries, k: int) -> Pass:
        """Return a pass that searches for each query."""
        vectors = list(queries.values())

        def answer() -> None:
            for vector in vectors:
                _use(self._searcher.search(vector, k, **self._point))

        return answer

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that is one `search_batch`."""

        def answer() -> None:
            for hits in self._searcher.search_batch(queries, k, threads=threads, **self._point).values():
                _use(hits)

        return answer

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        return [_ranking(self._searcher.search(vector, k, **self._point)) for vector in queries.values()]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call."""
        found = self._searcher.search_batch(queries, k, threads=threads, **self._point)
        return [_ranking(found[qid]) for qid in queries]

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()


def _use(hits: object) -> None:
    """Ask for what a caller wants, so that it is in Python when a pass ends, also where it is made on demand."""
    for name in ("docids", "scores"):
        getattr(hits, name, None)


def _ranking(hits: Iterable[Hit]) -> Ranking:
    found = list(hits)
    return Ranking([hit.docid for hit in found], [int(hit.score) for hit in found])
