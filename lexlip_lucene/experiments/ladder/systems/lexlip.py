"""LexLIP in Lucene: impact indexes of a rung's vectors, searched exactly or in two steps."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25
from lexlip_lucene.experiments.ladder.systems.clip import CLIP_FLAT
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.postings import mean_postings
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, Index, OpenIndex, OwnIndex, System
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java import indexed_by
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe, PointSpec, lexlip_name
from lexlip_lucene.vectors.vector_matrix import VectorMatrix


@dataclass(frozen=True)
class LexlipSystem(OwnIndex):
    """LexLIP at one operating point.

    Attributes:
        point: tokens and bits of a document.
        name: the name in tables.
        approximate: the part of the index of the point that a search looks at; None: the whole of an index of its own,
            which is exact.
        caption_share: None, or how much a token's weight in the document's text adds to its weight in the image: both
            are then in one field.
        compared_with: as `System` has it; no part of the index.
    """

    point: PointSpec
    name: str
    approximate: Approximation | None = None
    caption_share: float | None = None
    asks: Form = "lexicon"
    compared_with: Sequence[str] = field(default=(), repr=False)

    @property
    def source(self) -> str:
        """The model of its point."""
        return self.point.source

    @property
    def indexes(self) -> Sequence[Index]:
        """The system itself; for a search in two steps, the index of the exact system."""
        return (self,) if self.approximate is None else (LexlipSystem(self.point, lexlip_name(self.point)),)

    def over(self, opened: Sequence[OpenIndex], queries: Queries) -> "OpenLexlip":
        """Return the open index, searched in two steps if that is the setting."""
        [index] = opened
        assert isinstance(index, OpenLexlip), "an index that a LexlipSystem opened"
        return index if self.approximate is None else index.at(self.approximate)

    def postings(self, folders: Sequence[Path], queries: Queries) -> float | None:
        """Return the postings of a query's tokens, the mean over the queries; None in two steps."""
        return mean_postings(folders[0], queries.impacts) if self.approximate is None else None

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
        """Open the index."""
        return OpenLexlip(ImpactSearcher(folder), queries)


def with_texts(images: Any, texts: Any, share: float) -> Any:
    """Return vectors of images with `share` of their texts' weights added; a token of the text adds at least 1."""
    from scipy.sparse import csr_array

    weights = np.maximum(np.rint(texts.data * share), 1).astype(np.int32)
    both = csr_array(images + csr_array((weights, texts.indices, texts.indptr), shape=texts.shape))
    both.sort_indices()
    return both


class OpenLexlip:
    """An open impact index and its queries."""

    def __init__(self, searcher: ImpactSearcher, queries: Queries, approximate: Approximation | None = None) -> None:
        self._searcher, self._queries, self._approximate = searcher, queries, approximate

    def at(self, approximate: Approximation) -> "OpenLexlip":
        """Return the same index, searched in two steps; both share what they hold in memory."""
        return OpenLexlip(self._searcher, self._queries, approximate)

    def one(self, query: int, k: int) -> Answer:
        """Answer one query."""
        return _answer(self._searcher.search(self._queries.impacts[query], k, approximate=self._approximate))

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        """Answer many in one call."""
        vectors = self._queries.impacts_at(queries)
        answers = self._searcher.search_batch(vectors, k, threads=threads, approximate=self._approximate)
        return [_answer(hits) for hits in answers.values()]

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()


def _answer(hits: Hits) -> Answer:
    return Answer(hits.docids.tolist(), hits.scores.tolist())


class LexlipKind(SystemKind):
    """LexLIP's operating points, exactly searched; the first is compared with the baselines."""

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield a system for each point."""
        first, *others = recipe.points
        yield LexlipSystem(first, lexlip_name(first), compared_with=(BM25, FLAT, CLIP_FLAT))
        for point in others:
            yield LexlipSystem(point, lexlip_name(point))
