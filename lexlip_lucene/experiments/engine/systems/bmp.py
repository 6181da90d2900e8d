"""BMP as an engine of the bench: block-max pruning over a forward index (Mallia, Suel and Tonellotto, SIGIR 2024).

An optional package, `bmp`. Its search is exact but for two things, whose effect the bench counts. Its Python scales
the weights of a query so that the largest is 32 and drops the fractions, so only queries whose largest weight is 32
keep their weights. And of documents that tie with the k-th it returns whichever comes first, not the smaller docid.
It has no call for many queries.
"""

from pathlib import Path
from typing import Any, ClassVar

from lexlip_lucene.experiments.engine.systems.engine import Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.system import Job, Opened, System
from lexlip_lucene.files.written import written_path
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.collection import read_collection

BLOCK = 8
"""Documents of a block: the smallest is the fastest."""

EXACT = 1.0
"""Its factors of the threshold and of the query's weight: less than 1 prunes more."""


class Bmp(System):
    """BMP with blocks of `BLOCK` documents."""

    name: ClassVar[str] = "bmp"
    module: ClassVar[str | None] = "bmp"
    package: ClassVar[str | None] = "bmp"

    def build(self, job: Job, target: Path) -> Path:
        """Build the file `target`."""
        from bmp import Indexer

        with written_path(target) as path:
            indexer = Indexer(str(path), BLOCK, False)
            for document in job.progress.track(read_collection(job.collection), "reading for BMP"):
                indexer.add_document(document.id, document.vector)
            indexer.finish()
        return target

    def open(self, path: Path) -> Opened:
        """Open the index."""
        engine = BmpEngine(path)
        return Opened(lambda: None, engine, {self.name: engine})


class BmpEngine:
    """An open index in the file `path`."""

    def __init__(self, path: Path) -> None:
        from bmp import Searcher

        self._searcher: Any = Searcher(str(path))

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query."""
        return [self._pass(vector, k) for vector in queries.values()]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> None:
        """Return None: it has no such call."""

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself; scores are of the scaled weights."""
        answers = (answer() for answer in self.one_by_one(queries, k))
        return [Ranking(list(docids), [round(score) for score in scores]) for docids, scores in answers]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer each query by itself."""
        return self.rankings(queries, k)

    def _pass(self, vector: Impacts, k: int) -> Pass:
        if not vector:  # it would panic
            return lambda: ([], [])
        return lambda: self._searcher.search(vector, k, EXACT, EXACT)
