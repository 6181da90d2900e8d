"""Stock search as an engine of the bench: Pyserini's `LuceneImpactSearcher`, or the Java class below it.

Pyserini 1.6's Python does not load beside the jar of Pyserini 2 (`PrebuiltInvertedIndex$E` changed); then
`io.anserini.search.SimpleImpactSearcher` is called directly, exactly as Pyserini calls it. Either way the result
of a pass is that of the caller: a list of Java objects, whose docids and scores are not read yet.
"""

import logging
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from lexlip_lucene.experiments.engine.systems.engine import Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.system import Job, Opened, System
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.lucene.jvm.anserini import index_collection
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.lucene.jvm.jvm import JavaObject, java_class, start_jvm
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Impacts

OPTIONS = ("-collection", "JsonVectorCollection", "-impact", "-pretokenized")
"""Of stock indexing."""

KEEP_ALL_TERMS = -1
"""Pyserini's `min_idf`: with its default of 0 it drops a term that is in all documents."""


class _AsItIs:
    """A query encoder for queries that are encoded already."""

    def encode(self, query: Impacts) -> Impacts:
        return query


class _Anserini:
    """`SimpleImpactSearcher` with the two methods of `LuceneImpactSearcher` that are used here."""

    def __init__(self, index: Path) -> None:
        self._searcher = java_class("io.anserini.search.SimpleImpactSearcher")(to_java(index))

    def search(self, query: Impacts, k: int) -> Any:
        return self._searcher.search(_java_map(query), k)

    def batch_search(self, queries: list[Impacts], qids: list[str], k: int, threads: int) -> dict[str, Any]:
        vectors, names = java_class("java.util.ArrayList")(), java_class("java.util.ArrayList")()
        for query, qid in zip(queries, qids, strict=True):
            vectors.add(_java_map(query))
            names.add(qid)
        answers = self._searcher.batch_search(vectors, names, k, threads)
        return {entry.getKey(): entry.getValue() for entry in answers.entrySet().toArray()}


def load_pyserini() -> tuple[Any, str]:
    """Import Pyserini's searcher class on our JVM; return it, or None and the reason that it does not load."""
    start_jvm()  # first: Pyserini would start one that does not work everywhere
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it warns of a hundred topics that another jar lacks
    try:
        with redirect_stdout(sys.stderr):
            from pyserini.search.lucene import LuceneImpactSearcher
    except Exception as error:  # any error of its module body
        return None, str(error)
    finally:
        logging.disable(disabled)
    return LuceneImpactSearcher, ""


class Stock(System):
    """Stock Pyserini on the index that stock Anserini builds."""

    name: ClassVar[str] = "stock"

    def build(self, job: Job, target: Path) -> Path:
        """Build the index as Pyserini's indexing command does."""
        with written_folder(target, force=True) as index:
            index_collection(job.collection, index, options=OPTIONS, threads=job.threads, merge=True, progress=SILENT)
        return target

    def load(self) -> None:
        """Start Java and import Pyserini."""
        load_pyserini()

    def open(self, path: Path) -> Opened:
        """Open the index."""
        engine = StockEngine(path)
        return Opened(lambda: None, engine, {self.name: engine})


class StockEngine:
    """Stock search on an open index; `how` names the class."""

    def __init__(self, index: Path) -> None:
        searcher, reason = load_pyserini()
        self._searcher: Any
        if searcher is None:
            self.how = f"io.anserini.search.SimpleImpactSearcher (Pyserini does not load with this jar: {reason})"
            self._searcher = _Anserini(index)
        else:
            self.how = "pyserini.search.lucene.LuceneImpactSearcher, min_idf=-1"
            self._searcher = searcher(str(index), _AsItIs(), min_idf=KEEP_ALL_TERMS)

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query."""
        return [partial(self._searcher.search, vector, k) for vector in queries.values()]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that is one `batch_search`."""
        vectors, qids = list(queries.values()), list(queries)
        return lambda: self._searcher.batch_search(vectors, qids, k, threads)

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        return [_ranking(self._searcher.search(vector, k)) for vector in queries.values()]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call."""
        answers = self._searcher.batch_search(list(queries.values()), list(queries), k, threads)
        return [_ranking(answers[qid]) for qid in queries]


def _java_map(query: Impacts) -> JavaObject:
    integer, weights = java_class("java.lang.Integer"), java_class("java.util.HashMap")()
    for token, weight in query.items():
        weights.put(token, integer(weight))
    return weights


def _ranking(hits: Iterable[Any]) -> Ranking:
    # Stock moves tied scores apart by parts of a unit.
    ranked = [(hit.docid, round(hit.score)) for hit in hits]
    return Ranking([docid for docid, _ in ranked], [score for _, score in ranked])
