"""Whole-picture vectors of many documents beside an index: the exact second stage, and faiss over the same vectors."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.experiments.visual.whole_pictures import of_length_one
from lexlip_lucene.recipes.ladder_recipe import HnswSpec
from lexlip_lucene.records import Hit

_AT_ONCE = 50_000


class DensePictures:
    """Documents by whole-picture codes in int8; scores are cosines.

    Args:
        ids: of the documents.
        codes: (documents, width) int8.
    """

    def __init__(self, ids: Sequence[str], codes: NDArray[np.int8]) -> None:
        self.ids, self.codes = list(ids), codes
        self._rows = {id: row for row, id in enumerate(self.ids)}

    def reordered(self, hits: Sequence[Hit], query: NDArray[np.float32], k: int) -> list[Hit]:
        """Return the best `k` of the hits by the cosine with a query of length 1."""
        if not hits:
            return []
        scores = of_length_one(self.codes[[self._rows[hit.docid] for hit in hits]]) @ query
        return rank_hits(zip((hit.docid for hit in hits), scores.tolist(), strict=True), k)

    def faiss(self, hnsw: HnswSpec | None) -> Any:
        """Return a faiss index of the vectors as float32, flat, or HNSW with these settings; one thread builds it."""
        faiss = import_module("faiss")  # optional
        faiss.omp_set_num_threads(1)
        width = self.codes.shape[1]
        if hnsw is None:
            index = faiss.IndexFlatIP(width)
        else:
            index = faiss.IndexHNSWFlat(width, hnsw.links, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction, index.hnsw.efSearch = hnsw.build, hnsw.search
        for begin in range(0, len(self.codes), _AT_ONCE):
            index.add(of_length_one(self.codes[begin : begin + _AT_ONCE]))
        return index

    def found(self, index: Any, query: NDArray[np.float32], k: int) -> list[Hit]:
        """Return the `k` nearest in a faiss index."""
        scores, rows = index.search(query[None], k)
        pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
        return rank_hits(((self.ids[row], score) for row, score in pairs if row >= 0), k)
