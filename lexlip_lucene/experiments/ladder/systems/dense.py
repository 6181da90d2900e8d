"""Dense vectors in faiss: flat and exact, HNSW, and IVF-PQ; all by inner product. CLIP's are in `clip.py`.

A docid is the vector's row.

faiss is optional: `pip install 'lexlip-lucene[bench]'`.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.engine.machine import package_version
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, OwnIndex, System
from lexlip_lucene.files.written import bytes_below, written_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import OURS, HnswSpec, IvfPqSpec, LadderRecipe

FLAT, HNSW, IVFPQ = "dense, flat", "dense, HNSW", "dense, IVF-PQ"

IVFPQ_FROM = 39 * 256
"""The fewest documents that faiss learns 256 centroids from without a warning."""

_AT_ONCE, _TRAINED_ON, _MOST_LISTS = 50_000, 200_000, 65_536


@dataclass(frozen=True)
class DenseSystem(OwnIndex):
    """A faiss index of a source's dense vectors; without `hnsw` and `ivfpq` it is flat."""

    name: str = FLAT
    hnsw: HnswSpec | None = None
    ivfpq: IvfPqSpec | None = None
    asks: Form = "dense"
    source: str = OURS

    @property
    def built_by(self) -> str:
        """Faiss."""
        return f"faiss {package_version('faiss-cpu')}"

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Build from vectors on disk; its seconds are those of learning, adding and writing, without the reading."""
        faiss = _faiss()
        faiss.omp_set_num_threads(threads)
        vectors = rung.store.dense
        if vectors is None:
            raise InputError(f"{self.name}: the model has no dense twin: leave `dense` out of the recipe")
        index = self._empty(vectors.shape[1], rung.documents)
        seconds = self._train(index, vectors, rung.order)
        begins = range(0, rung.documents, _AT_ONCE)
        for begin in progress.track(begins, f"{self.name} (batches)", len(begins)):
            part = np.ascontiguousarray(vectors[rung.order[begin : begin + _AT_ONCE]])
            begun = time.monotonic()
            index.add(part)
            seconds += time.monotonic() - begun
        begun = time.monotonic()
        with written_folder(folder, force=True) as partial:
            faiss.write_index(index, str(partial / "index.faiss"))
        return Built(seconds + time.monotonic() - begun, bytes_below(folder))

    def _empty(self, width: int, documents: int) -> Any:
        faiss = _faiss()
        if self.hnsw is not None:
            index = faiss.IndexHNSWFlat(width, self.hnsw.links, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = self.hnsw.build
            return index
        if self.ivfpq is not None:
            factory = f"IVF{_lists(documents)},PQ{self.ivfpq.bytes}"
            return faiss.index_factory(width, factory, faiss.METRIC_INNER_PRODUCT)
        return faiss.IndexFlatIP(width)

    def _train(self, index: Any, vectors: NDArray[np.float32], order: NDArray[np.int64]) -> float:
        if index.is_trained:
            return 0.0
        sample = np.ascontiguousarray(vectors[order[:_TRAINED_ON]])  # the order is drawn, so its beginning is a sample
        begun = time.monotonic()
        index.train(sample)
        return time.monotonic() - begun

    def open(self, folder: Path, queries: Queries) -> "_OpenDense":
        """Read the index into memory."""
        index = _faiss().read_index(str(folder / "index.faiss"))
        if self.hnsw is not None:
            index.hnsw.efSearch = self.hnsw.search
        if self.ivfpq is not None:
            index.nprobe = max(1, round(self.ivfpq.probed * index.nlist))
        if queries.dense is None:
            raise InputError(f"{self.name}: the queries have no dense vectors")
        return _OpenDense(index, np.ascontiguousarray(queries.dense))


def _lists(documents: int) -> int:
    """Return about 4 √n lists, as faiss advises, with at least 39 training vectors for each."""
    return max(1, min(round(4 * math.sqrt(documents)), documents // 39, _MOST_LISTS))


def _faiss() -> Any:
    """Load faiss when it is used: it is optional, and its types differ from version to version."""
    return import_module("faiss")


class _OpenDense:
    def __init__(self, index: Any, vectors: NDArray[np.float32]) -> None:
        self._index, self._vectors = index, vectors
        self._known = set(np.flatnonzero(vectors.any(axis=1)).tolist())

    def one(self, query: int, k: int) -> Answer:
        _faiss().omp_set_num_threads(1)
        scores, rows = self._index.search(self._vectors[query : query + 1], k)
        return self._answer(query, scores[0], rows[0])

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        _faiss().omp_set_num_threads(threads)
        scores, rows = self._index.search(self._vectors[list(queries)], k)
        return [self._answer(*row) for row in zip(queries, scores, rows, strict=True)]

    def close(self) -> None:
        """Free its memory."""
        self._index = None

    def _answer(self, query: int, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> Answer:
        if query not in self._known:  # the vector of a text without a known word is zero, which is near to nothing
            return Answer([], [])
        found = rows >= 0  # faiss fills up with -1
        return Answer(rows[found].tolist(), scores[found].tolist())


class DenseKind(SystemKind):
    """The indexes of the dense twin that a recipe's `dense` sets."""

    colours: ClassVar[Mapping[str, str]] = {FLAT: "#67000d", HNSW: "#cb181d", IVFPQ: "#fc9272"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the flat index, then those that the recipe sets; IVF-PQ only of enough documents."""
        if recipe.dense is not None:
            yield DenseSystem(FLAT)
            if recipe.dense.hnsw is not None:
                yield DenseSystem(HNSW, hnsw=recipe.dense.hnsw)
            if recipe.dense.ivfpq is not None and rung.documents >= IVFPQ_FROM:
                yield DenseSystem(IVFPQ, ivfpq=recipe.dense.ivfpq)

    def packages(self, recipe: LadderRecipe) -> Mapping[str, str]:
        """Return faiss."""
        return {} if recipe.dense is None else {"dense": "faiss"}

    def require(self, recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
        """Raise RecipeError if the encoder has no dense twin, or one whose width IVF-PQ can't divide."""
        if recipe.dense is None:
            return
        if encoder.training.dense is None:
            raise RecipeError(
                f"{recipe.name}: `dense` needs an encoder with a dense twin: set training.dense in its recipe"
            )
        width, ivfpq = encoder.training.dense.width, recipe.dense.ivfpq
        if ivfpq is not None and width % ivfpq.bytes:
            raise RecipeError(
                f"{recipe.name}: dense.ivfpq.bytes must divide the twin's width {width}, but it is {ivfpq.bytes}"
            )

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a line for each approximate index."""
        dense = settings["dense"] or {}
        return {"HNSW": dense.get("hnsw"), "IVF-PQ": dense.get("ivfpq")}
