"""LexLIP and BM25 in Lucene: impact indexes of a rung's vectors, exact or in two steps, and text indexes."""

import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lexlip_lucene.data.caption_collection import CaptionDocument, write_caption_collection
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.system import Built, Form, Found
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java import indexed_by
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import BM25, OURS, PointSpec
from lexlip_lucene.vectors.vector_matrix import VectorMatrix


@dataclass(frozen=True)
class Bm25System:
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
        """Open it."""
        return _OpenBm25(Bm25Searcher(folder), queries)


class _OpenBm25:
    def __init__(self, searcher: Bm25Searcher, queries: Queries) -> None:
        self._searcher, self._queries = searcher, queries

    def one(self, query: int, k: int) -> Found:
        return _found(self._searcher.search(self._queries.texts[query], k))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Found]:
        texts = {self._queries.qids[place]: self._queries.texts[place] for place in queries}
        return _all_found(self._searcher.search_batch(texts, k, threads=threads).values())

    def close(self) -> None:
        self._searcher.close()


@dataclass(frozen=True)
class LexlipSystem:
    """LexLIP at one operating point.

    Attributes:
        point: tokens and bits of a document.
        name: how tables call it.
        approximate: how much of the index a search looks at; None: all, which is exact.
        caption_share: None, or how much a token's weight in the document's text adds to its weight in the image: both
            then stand in one field.
    """

    point: PointSpec
    name: str
    approximate: Approximation | None = None
    caption_share: float | None = None
    asks: Form = "lexicon"

    @property
    def source(self) -> str:
        """The model of its point."""
        return self.point.source

    @property
    def built_by(self) -> str:
        """Lucene and Anserini."""
        return indexed_by()

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Build the impact index from vectors in memory."""
        vectors = self.vectors(rung)
        begun = time.monotonic()
        with ImpactIndex.create(folder, threads=threads, force=True, progress=progress) as index:
            index.add(*vectors)
            index.merge()
        return Built(time.monotonic() - begun, index.report.index_bytes)

    def vectors(self, rung: Rung) -> VectorMatrix:
        """Return the vectors that are indexed."""
        images = rung.store.matrix(rung.order, top_k=self.point.top_k, bits=self.point.bits)
        if self.caption_share is not None:
            images = with_texts(images, rung.store.text_matrix(rung.order), self.caption_share)
        return VectorMatrix(rung.docids, images, rung.store.tokens)

    def open(self, folder: Path, queries: Queries) -> "OpenLexlip":
        """Open it."""
        return OpenLexlip(ImpactSearcher(folder), queries, self.approximate)


def with_texts(images: Any, texts: Any, share: float) -> Any:
    """Return vectors of images with `share` of their texts' weights added; one that is there adds 1 at least."""
    from scipy.sparse import csr_array

    weights = np.maximum(np.rint(texts.data * share), 1).astype(np.int32)
    both = csr_array(images + csr_array((weights, texts.indices, texts.indptr), shape=texts.shape))
    both.sort_indices()
    return both


class OpenLexlip:
    """An open impact index and its queries."""

    def __init__(self, searcher: ImpactSearcher, queries: Queries, approximate: Approximation | None) -> None:
        self._searcher, self._queries, self._approximate = searcher, queries, approximate

    def at(self, approximate: Approximation) -> "OpenLexlip":
        """Return the same index, searched in two steps; both share what they hold in memory."""
        return OpenLexlip(self._searcher, self._queries, approximate)

    def one(self, query: int, k: int) -> Found:
        """Answer one query."""
        return _found(self._searcher.search(self._queries.impacts[query], k, approximate=self._approximate))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Found]:
        """Answer many in one call."""
        vectors = self._queries.impacts_at(queries)
        found = self._searcher.search_batch(vectors, k, threads=threads, approximate=self._approximate)
        return _all_found(found.values())

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()


def _found(hits: Hits) -> Found:
    return Found(hits.docids.tolist(), hits.scores.tolist())


def _all_found(answers: Iterable[Hits]) -> list[Found]:
    return [_found(hits) for hits in answers]
