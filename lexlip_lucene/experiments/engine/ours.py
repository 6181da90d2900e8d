"""This bridge as an engine of the bench, exact or at an operating point of its approximate search."""

from collections.abc import Iterable, Mapping
from typing import Any

from lexlip_lucene.experiments.engine.engine import Pass, Queries, Ranking
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Hit

_LINES = ((40_000, 100), (63_000, 100), (82_000, 100), (110_000, 100), (160_000, 100), (250_000, 100), (400_000, 200))
"""Postings and candidates, for vectors whose weights differ much."""

_PRUNED_DOCUMENTS = ((48, 100), (32, 300), (24, 1000), (16, 2000))
"""Tokens of a document and candidates, for vectors whose weights differ little."""


def approximate_points() -> dict[str, dict[str, Any]]:
    """Return the operating points to try: name → further arguments of a search."""
    points = [Approximation(postings=p, candidates=c) for p, c in _LINES]
    points += [Approximation(document_terms=d, candidates=c) for d, c in _PRUNED_DOCUMENTS]
    return {_name(point): {"approximate": point} for point in points}


def _name(point: Approximation) -> str:
    given = [f"{key} {value:,}" for key, value in point._asdict().items() if value < EVERYTHING]
    return ", ".join(given).replace("_", " ")


class OurEngine:
    """An open `ImpactSearcher`; `point` is handed to every search."""

    def __init__(self, searcher: ImpactSearcher, point: Mapping[str, Any] | None = None) -> None:
        self._searcher = searcher
        self._point = dict(point or {})

    def at(self, point: Mapping[str, Any]) -> "OurEngine":
        """Return the same index at an operating point; they share what they hold in memory."""
        return OurEngine(self._searcher, point)

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
        answers = self._searcher.search_batch(queries, k, threads=threads, **self._point)
        return [_ranking(answers[qid]) for qid in queries]

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()


def _use(hits: object) -> None:
    """Read docids and scores, so that they are in Python when a pass ends, even if they are made on demand."""
    for name in ("docids", "scores"):
        getattr(hits, name, None)


def _ranking(hits: Iterable[Hit]) -> Ranking:
    ranked = list(hits)
    return Ranking([hit.docid for hit in ranked], [int(hit.score) for hit in ranked])
