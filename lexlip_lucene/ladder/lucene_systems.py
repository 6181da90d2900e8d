"""LexLIP and BM25 in Lucene: impact indexes of a rung's vectors, exact or in two steps, and text indexes."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lexlip_lucene.data.caption_collection import CaptionDocument, write_caption_collection
from lexlip_lucene.ladder.system import Built, Form, Rung
from lexlip_lucene.ladder_documents.queries import Queries
from lexlip_lucene.lucene.approximation import Approximation
from lexlip_lucene.lucene.bm25_index import build_bm25
from lexlip_lucene.lucene.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.hits import Hits
from lexlip_lucene.lucene.impact_searcher import ImpactSearcher
from lexlip_lucene.lucene.index import ImpactIndex
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import BM25, PointSpec
from lexlip_lucene.records import Hit
from lexlip_lucene.vectors.vector_matrix import VectorMatrix


@dataclass(frozen=True)
class Bm25System:
    """BM25 over one text a document, by Anserini's own indexer."""

    name: str = BM25
    asks: Form = "text"

    def build(self, rung: Rung, folder: Path, progress: Progress) -> Built:
        """Write the caption collection beside the index, build, and drop the collection."""
        import shutil

        collection = folder.with_name(f"{folder.name}-captions")
        pairs = zip(rung.store.ids[: rung.documents], rung.store.texts[: rung.documents], strict=True)
        write_caption_collection(collection, (CaptionDocument(*pair) for pair in pairs), force=True)
        report = build_bm25(collection, folder, force=True, progress=progress)
        shutil.rmtree(collection)
        return Built(report.seconds, report.index_bytes)

    def open(self, folder: Path, queries: Queries) -> "_OpenBm25":
        """Open it."""
        return _OpenBm25(Bm25Searcher(folder), queries)


class _OpenBm25:
    def __init__(self, searcher: Bm25Searcher, queries: Queries) -> None:
        self._searcher, self._queries = searcher, queries

    def one(self, query: int, k: int) -> Sequence[Hit]:
        return _there(self._searcher.search(self._queries.texts[query], k))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Sequence[Hit]]:
        texts = {self._queries.qids[place]: self._queries.texts[place] for place in queries}
        return _all_there(self._searcher.search_batch(texts, k, threads=threads).values())

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

    def build(self, rung: Rung, folder: Path, progress: Progress) -> Built:
        """Build the impact index from vectors in memory."""
        vectors = self.vectors(rung)
        begun = time.monotonic()
        with ImpactIndex.create(folder, force=True, progress=progress) as index:
            index.add(*vectors)
            index.merge()
        return Built(time.monotonic() - begun, index.report.index_bytes)

    def vectors(self, rung: Rung) -> VectorMatrix:
        """Return the vectors that are indexed."""
        images = rung.store.matrix(rung.documents, top_k=self.point.top_k, bits=self.point.bits)
        if self.caption_share is None:
            return images
        return images._replace(matrix=_with_texts(images.matrix, rung.store.text_matrix(rung.documents), self))

    def open(self, folder: Path, queries: Queries) -> "_OpenLexlip":
        """Open it."""
        return _OpenLexlip(ImpactSearcher(folder), queries, self.approximate)


def _with_texts(images: Any, texts: Any, system: LexlipSystem) -> Any:
    """Add the texts' weights; one that is there stays at 1 at least."""
    from scipy.sparse import csr_array

    share = system.caption_share or 0.0
    weights = np.maximum(np.rint(texts.data * share), 1).astype(np.int32)
    both = csr_array(images + csr_array((weights, texts.indices, texts.indptr), shape=texts.shape))
    both.sort_indices()
    return both


class _OpenLexlip:
    def __init__(self, searcher: ImpactSearcher, queries: Queries, approximate: Approximation | None) -> None:
        self._searcher, self._queries, self._approximate = searcher, queries, approximate

    def one(self, query: int, k: int) -> Sequence[Hit]:
        return _there(self._searcher.search(self._queries.impacts[query], k, approximate=self._approximate))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Sequence[Hit]]:
        vectors = self._queries.impacts_at(queries)
        found = self._searcher.search_batch(vectors, k, threads=threads, approximate=self._approximate)
        return _all_there(found.values())

    def close(self) -> None:
        self._searcher.close()


def _there(hits: Hits) -> Hits:
    """Ask for what a caller wants: docids are decoded only then."""
    _ = hits.docids
    return hits


def _all_there(answers: Iterable[Hits]) -> list[Sequence[Hit]]:
    return [_there(hits) for hits in answers]
