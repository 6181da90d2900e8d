"""Whole-picture vectors, the dense side of the comparison: the mean over a picture's places, at length 1.

    x = Σ over places s / places,   cosine of two pictures: x · y / (‖x‖ ‖y‖)

4 bytes a number as they are. In int8, one byte a number and a factor of 4 bytes:

    factor = max |x| / 127,   code = round(x / factor)
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.records import Hit, Run

_AT_ONCE = 64
"""Pictures whose places are widened to float32 at once."""

_LARGEST = 127


def whole_pictures(places: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the vectors (pictures, width) of length 1 of places (pictures, places, width)."""
    parts = [
        places[begin : begin + _AT_ONCE].astype(np.float32).mean(axis=1) for begin in range(0, len(places), _AT_ONCE)
    ]
    return of_length_one(np.concatenate(parts))


def of_length_one(numbers: NDArray[np.floating[Any] | np.integer[Any]]) -> NDArray[np.float32]:
    """Return vectors (pictures, width), or int8 codes, whose factor goes with it, at length 1; zeros stay zeros."""
    wide = numbers.astype(np.float32)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    vectors: NDArray[np.float32] = wide / np.where(lengths > 0, lengths, 1)
    return vectors


class Int8Vectors(NamedTuple):
    """Vectors in int8: codes (pictures, width), and a factor (pictures,) float32 that gives back the numbers."""

    codes: NDArray[np.int8]
    factors: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "Int8Vectors":
        """Return the codes of vectors (pictures, width)."""
        factors = np.abs(vectors).max(axis=1) / _LARGEST
        safe = np.where(factors > 0, factors, 1)
        return cls(np.rint(vectors / safe[:, None]).astype(np.int8), factors.astype(np.float32))

    @property
    def bytes(self) -> int:
        """Bytes of one vector."""
        return int(self.codes.shape[1] + self.factors.itemsize)


def nearest(
    queries: NDArray[np.float32], documents: NDArray[np.float32], ids: Sequence[str], k: int
) -> list[list[Hit]]:
    """Return the `k` documents of the largest inner product for each query, by brute force, ties by docid."""
    found = []
    for query in queries:
        scores = documents @ query
        few = np.argpartition(-scores, min(k, len(scores) - 1))[:k] if k < len(scores) else np.arange(len(scores))
        found.append(rank_hits(((ids[row], float(scores[row])) for row in few), k))
    return found


def second_stage(
    first: Run, queries: Mapping[str, NDArray[np.float32]], documents: Mapping[str, NDArray[np.float32]], depth: int
) -> dict[str, list[Hit]]:
    """Return the first `depth` hits of each query in the order of their exact cosine; vectors are of length 1."""
    return {
        qid: rank_hits(((hit.docid, float(documents[hit.docid] @ queries[qid])) for hit in hits[:depth]), depth)
        for qid, hits in first.items()
        if hits
    }
