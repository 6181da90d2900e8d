"""Seismic as an engine of the bench: approximate search of the same vectors (Bruch et al., SIGIR 2024).

An optional package, `pyseismic-lsr`. Its values are half-precision floats, so its scores are not used: its hits
are compared by docid.
"""

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.engine.systems.engine import Engine, Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.system import Job, Opened, System
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.collection import read_collection

POSTINGS, SUMMARY_ENERGY = 3500, 0.4
"""Seismic's defaults: postings kept a token on average, and the share of a block's mass that its summary keeps."""


class SeismicPoint(NamedTuple):
    """A setting of its search: the tokens of a query that count, and the factor by which blocks are skipped."""

    query_cut: int
    heap_factor: float


def seismic_points(terms: int) -> dict[str, SeismicPoint]:
    """Return the operating points to try for queries of `terms` terms, cheapest first."""
    cuts = sorted({max(1, terms * eighths // 8) for eighths in (1, 2, 4, 6, 8)})
    points = [SeismicPoint(cut, factor) for cut in cuts for factor in (1.0, 0.9, 0.7, 0.5)]
    return {f"query_cut={point.query_cut}, heap_factor={point.heap_factor}": point for point in points}


class Seismic(System):
    """Seismic, approximate only."""

    name: ClassVar[str] = "seismic"
    module: ClassVar[str | None] = "seismic"
    package: ClassVar[str | None] = "pyseismic-lsr"

    def build(self, job: Job, target: Path) -> Path:
        """Build a file whose name begins with `target`."""
        return build_seismic(job.collection, target, threads=job.threads, progress=job.progress)

    def open(self, path: Path) -> Opened:
        """Open the index, which all operating points share."""
        index = open_seismic(path)

        def points(terms: int) -> dict[str, Engine]:
            return {name: SeismicEngine(index, point) for name, point in seismic_points(terms).items()}

        ordinary = SeismicEngine(index, SeismicPoint(query_cut=32, heap_factor=0.9))
        return Opened(lambda: None, ordinary, {}, self.name, points)


def build_seismic(collection: Path, target: Path, *, threads: int, progress: Progress) -> Path:
    """Build an index of `collection` and save it; return its file, whose name begins with `target`."""
    from seismic import SeismicDataset, SeismicIndex

    dataset = SeismicDataset()
    for document in progress.track(read_collection(collection), "reading for Seismic"):
        dataset.add_document(document.id, *query_arrays(document.vector))
    index = SeismicIndex.build_from_dataset(
        dataset, n_postings=POSTINGS, summary_energy=SUMMARY_ENERGY, num_threads=threads
    )
    index.save(str(target))
    return target.with_name(f"{target.name}.index.seismic")


class SeismicEngine:
    """An open Seismic index at one operating point."""

    def __init__(self, index: Any, point: SeismicPoint) -> None:
        self._index = index
        self._point = point

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query; its arrays are made beforehand."""
        return [self._pass(vector, k) for vector in queries.values()]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that is one `batch_search`."""
        return lambda: self._batch(queries, k, threads)

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        return [_ranking(answer()) for answer in self.one_by_one(queries, k)]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call; in their order."""
        answers = {hits[0][0]: hits for hits in self._batch(queries, k, threads) if hits}  # they come in any order
        return [_ranking(answers.get(qid, [])) for qid in queries]

    def _pass(self, vector: Impacts, k: int) -> Pass:
        tokens, weights = query_arrays(vector)
        return lambda: self._index.search("", tokens, weights, k, **self._point._asdict())

    def _batch(self, queries: Queries, k: int, threads: int) -> Any:
        arrays = [query_arrays(vector) for vector in queries.values()]
        qids = np.array(list(queries), dtype=_text())
        tokens, weights = [pair[0] for pair in arrays], [pair[1] for pair in arrays]
        return self._index.batch_search(qids, tokens, weights, k, **self._point._asdict(), num_threads=threads)


def open_seismic(path: Path) -> Any:
    """Load a saved index."""
    from seismic import SeismicIndex

    return SeismicIndex.load(str(path))


def query_arrays(vector: Impacts) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Return a vector as Seismic takes it: its tokens and their weights."""
    return np.array(list(vector), dtype=_text()), np.fromiter(vector.values(), dtype=np.float32, count=len(vector))


def _text() -> str:
    from seismic import get_seismic_string

    return str(get_seismic_string())


def _ranking(hits: list[tuple[str, float, str]]) -> Ranking:
    return Ranking([docid for _, _, docid in hits], [round(score) for _, score, _ in hits])
