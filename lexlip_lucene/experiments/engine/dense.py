"""Flat dense search for the record: faiss, inner product, random unit vectors of 512 float32.

Its time does not depend on what is in the vectors, so random ones will do. 1,000,000 of them are 2.0 GB.
"""

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.engine.timing import Spread, interleaved

DIMENSIONS = 512

QUERIES = 50
"""A query reads all vectors, 2 GB at 1,000,000; 50 are enough for a mean."""

_CHUNK = 50_000
_SEED = 7


class Dense(NamedTuple):
    """Seconds to add all vectors, bytes that they take, and milliseconds a query for each k.

    `one` is one query at a time in one thread, `batch` all in one call.
    """

    build_seconds: float
    index_bytes: int
    one: dict[int, Spread]
    batch: dict[int, Spread]


def measured_dense(documents: int, *, repeats: int, threads: int, depths: tuple[int, ...]) -> Dense:
    """Build a flat index of random vectors and search it for the `depths` best."""
    import faiss

    chance = np.random.default_rng(_SEED)
    index = faiss.IndexFlatIP(DIMENSIONS)
    seconds = 0.0
    for begin in range(0, documents, _CHUNK):
        vectors = _unit_vectors(chance, min(_CHUNK, documents - begin))
        begun = time.perf_counter()
        index.add(vectors)
        seconds += time.perf_counter() - begun
    queries = _unit_vectors(chance, QUERIES)
    one, batch = {}, {}
    for k in depths:
        faiss.omp_set_num_threads(1)
        one[k] = _milliseconds(index, [queries[row : row + 1] for row in range(QUERIES)], k, repeats)
        faiss.omp_set_num_threads(threads)
        batch[k] = _milliseconds(index, [queries], k, repeats)
    return Dense(seconds, documents * DIMENSIONS * 4, one, batch)


def _unit_vectors(chance: np.random.Generator, count: int) -> NDArray[np.float32]:
    vectors = chance.standard_normal((count, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _milliseconds(index: Any, calls: list[NDArray[np.float32]], k: int, repeats: int) -> Spread:
    def answer() -> None:
        for call in calls:
            index.search(call, k)

    spread = interleaved({"dense": answer}, repeats=repeats)["dense"]
    return Spread(*(1000 * seconds / QUERIES for seconds in spread))
