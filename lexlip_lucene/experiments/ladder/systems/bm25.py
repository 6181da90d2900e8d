"""BM25 in Lucene: text indexes of one text a document."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lexlip_lucene.data.caption_collection import CaptionDocument, write_caption_collection
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.postings import mean_postings
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, OwnIndex, System
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.jvm.java import indexed_by
from lexlip_lucene.lucene.search.bm25_searcher import K1, B, Bm25Searcher
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe

BM25 = "BM25"


@dataclass(frozen=True)
class Bm25System(OwnIndex):
    """BM25 over one text a document, by Anserini's own indexer."""

    name: str = BM25
    asks: Form = "text"
    source: str = OURS

    @property
    def built_by(self) -> str:
        """Lucene and Anserini."""
        return indexed_by()

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Write the caption collection beside the index, build, and drop the collection."""
        collection = folder.with_name(f"{folder.name}-captions")
        texts = (rung.store.texts[row] for row in rung.order.tolist())
        documents = [CaptionDocument(*pair) for pair in zip(rung.docids, texts, strict=True)]
        write_caption_collection(collection, documents, shards=threads, force=True)
        report = build_bm25(collection, folder, threads=threads, force=True, progress=progress)
        shutil.rmtree(collection)
        return Built(report.seconds, report.index_bytes)

    def open(self, folder: Path, queries: Queries) -> "_OpenBm25":
        """Open the index."""
        return _OpenBm25(Bm25Searcher(folder), queries)

    def postings(self, folders: Sequence[Path], queries: Queries) -> float:
        """Return the postings of a query's terms, the mean over the queries."""
        with Bm25Searcher(folders[0]) as searcher:
            terms = [searcher.terms(text) for text in queries.texts]
        return mean_postings(folders[0], terms)


class _OpenBm25:
    def __init__(self, searcher: Bm25Searcher, queries: Queries) -> None:
        self._searcher, self._queries = searcher, queries

    def one(self, query: int, k: int) -> Answer:
        return _answer(self._searcher.search(self._queries.texts[query], k))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        texts = {self._queries.qids[place]: self._queries.texts[place] for place in queries}
        return [_answer(hits) for hits in self._searcher.search_batch(texts, k, threads=threads).values()]

    def close(self) -> None:
        self._searcher.close()


def _answer(hits: Hits) -> Answer:
    return Answer(hits.docids.tolist(), hits.scores.tolist())


class Bm25Kind(SystemKind):
    """BM25, which every ladder has."""

    colours: ClassVar[Mapping[str, str]] = {BM25: "#555555"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield BM25."""
        yield Bm25System()

    def recorded(self, recipe: LadderRecipe) -> Mapping[str, Any]:
        """Return BM25's parameters."""
        return {"bm25": {"k1": K1, "b": B}}

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return BM25's line."""
        return {BM25: settings["bm25"]}
