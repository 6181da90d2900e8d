"""Whole-picture vectors of documents at a byte a number: what the second stage orders by, and faiss over the same."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.late.step_codes import Int8Code
from lexlip_lucene.recipes.ladder_recipe import HnswSpec
from lexlip_lucene.records import Hit

_CODE = Int8Code()
_AT_ONCE = 50_000


def byte_coded(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the bytes (pictures, 2 + width) of vectors of length 1."""
    return _CODE.encode(vectors)


class DensePictures:
    """Documents by their whole-picture vectors in memory: a source of `WholeReranker`.

    Args:
        ids: of the documents.
        coded: (documents, 2 + width) uint8, as `byte_coded` gives them.
    """

    def __init__(self, ids: Sequence[str], coded: NDArray[np.uint8]) -> None:
        self.ids, self._coded = list(ids), coded
        self._rows = {id: row for row, id in enumerate(self.ids)}
        self.width = int(coded.shape[1]) - _CODE.bytes_of(0)

    @property
    def bytes(self) -> int:
        """Bytes of a vector."""
        return int(self._coded.shape[1])

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return (1, width) float32 for each docid."""
        decoded = _CODE.decode(self._coded[[self._rows[docid] for docid in docids]], self.width)
        return list(decoded[:, None])

    def faiss(self, hnsw: HnswSpec | None) -> Any:
        """Return a faiss index of the vectors as float32, flat, or HNSW with these settings; one thread builds it."""
        faiss = import_module("faiss")  # optional
        faiss.omp_set_num_threads(1)
        if hnsw is None:
            index = faiss.IndexFlatIP(self.width)
        else:
            index = faiss.IndexHNSWFlat(self.width, hnsw.links, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction, index.hnsw.efSearch = hnsw.build, hnsw.search
        for begin in range(0, len(self.ids), _AT_ONCE):
            index.add(_CODE.decode(self._coded[begin : begin + _AT_ONCE], self.width))
        return index

    def found(self, index: Any, query: NDArray[np.float32], k: int) -> list[Hit]:
        """Return the `k` nearest in a faiss index."""
        scores, rows = index.search(query[None], k)
        pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
        return rank_hits(((self.ids[row], score) for row, score in pairs if row >= 0), k)
