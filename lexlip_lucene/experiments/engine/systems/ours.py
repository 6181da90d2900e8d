"""This bridge as an engine of the bench, exact or at an operating point of its approximate search."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, get_args

from lexlip_lucene.experiments.engine.systems.engine import Engine, Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.system import Job, Maker, Opened, System
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java import BRIDGE
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.impact_searcher import Execution, ImpactSearcher
from lexlip_lucene.records import Hit, Impacts

ORDERED, APPROXIMATE = "ours, ordered", "ours, approximate"

_LINES = ((40_000, 100), (63_000, 100), (82_000, 100), (110_000, 100), (160_000, 100), (250_000, 100), (400_000, 200))
"""Postings and candidates, for vectors whose weights differ much."""

_PRUNED_DOCUMENTS = ((48, 100), (32, 300), (24, 1000), (16, 2000))
"""Tokens of a document and candidates, for vectors whose weights differ little."""

_BLOCKS = (50, 100, 200, 400, 800)
"""Blocks of eight documents that are scored at most."""


def approximate_points() -> dict[str, dict[str, Any]]:
    """Return the operating points to try: name → further arguments of a search."""
    points = [Approximation(postings=p, candidates=c) for p, c in _LINES]
    points += [Approximation(document_terms=d, candidates=c) for d, c in _PRUNED_DOCUMENTS]
    points += [Approximation(blocks=blocks) for blocks in _BLOCKS]
    return {_name(point): {"approximate": point} for point in points}


def _name(point: Approximation) -> str:
    if point.blocks < EVERYTHING:
        return f"blocks {point.blocks:,}"
    given = [f"{key} {value:,}" for key, value in point._asdict().items() if value < EVERYTHING]
    return ", ".join(given).replace("_", " ")


class Ours(System):
    """This bridge, exact by its own choice of execution, and approximate.

    Args:
        executions: searched by each of them as well, with an index opened for each.
    """

    name: ClassVar[str] = "ours"

    def __init__(self, executions: Iterable[Execution] = ()) -> None:
        self._executions = tuple(executions)

    def build(self, job: Job, target: Path) -> Path:
        """Build the index in the collection's order."""
        return self._build(job, target, order=False)

    def makers(self) -> dict[str, Maker]:
        """Return the index, and one whose documents are ordered."""
        return {self.name: self.build, ORDERED: partial(self._build, order=True)}

    def made_from(self) -> dict[str, Any]:
        """Return our class files' SHA-256."""
        return {"bridge_sha256": sha256_of(BRIDGE)} if BRIDGE.exists() else {}

    def load(self) -> None:
        """Start Java."""
        from lexlip_lucene.lucene.jvm.jvm import start_jvm

        start_jvm()

    def open(self, path: Path) -> Opened:
        """Open the index."""
        with ExitStack() as opened:
            searcher = opened.enter_context(ImpactSearcher(path))
            ours = OurEngine(searcher)
            exact: dict[str, Engine] = {self.name: ours}
            for execution in self._executions:
                by_it = opened.enter_context(ImpactSearcher(path, execution=execution))
                exact[f"{self.name}, {execution}"] = OurEngine(by_it)

            def points(terms: int) -> dict[str, Engine]:
                return {name: ours.at(point) for name, point in approximate_points().items()}

            return Opened(opened.pop_all().close, ours, exact, APPROXIMATE, points)

    @staticmethod
    def _build(job: Job, target: Path, *, order: bool) -> Path:
        ImpactIndex.build(job.collection, target, threads=job.threads, merge=True, force=True, order=order)
        return target


def other_executions() -> tuple[Execution, ...]:
    """Return all executions but the one that chooses among them."""
    return tuple(execution for execution in get_args(Execution) if execution != "auto")


class OurEngine:
    """An open `ImpactSearcher`; `point` is handed to every search."""

    def __init__(self, searcher: ImpactSearcher, point: Mapping[str, Any] | None = None) -> None:
        self._searcher = searcher
        self._point = dict(point or {})

    def at(self, point: Mapping[str, Any]) -> "OurEngine":
        """Return the same index at an operating point; they share what they hold in memory."""
        return OurEngine(self._searcher, point)

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query."""
        return [partial(self._answer, vector, k) for vector in queries.values()]

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

    def score(self, query: Impacts, docid: str) -> int:
        """Return the exact score of a document: its impacts, read by themselves, times the weights."""
        return int(self._searcher.explain(query, docid).score)

    def _answer(self, vector: Impacts, k: int) -> None:
        _use(self._searcher.search(vector, k, **self._point))


def _use(hits: object) -> None:
    """Read docids and scores, so that they are in Python when a pass ends, even if they are made on demand."""
    for name in ("docids", "scores"):
        getattr(hits, name, None)


def _ranking(hits: Iterable[Hit]) -> Ranking:
    ranked = list(hits)
    return Ranking([hit.docid for hit in ranked], [int(hit.score) for hit in ranked])
