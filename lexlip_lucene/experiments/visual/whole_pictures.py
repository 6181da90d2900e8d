"""Whole-picture vectors, the dense side of the comparison: the mean over a picture's places, at length 1.

    x = Σ over places s / places,   cosine of two pictures: x · y / (‖x‖ ‖y‖)

4 bytes a number as they are; `dense_pictures.py` has them at a byte a number.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.records import Hit

_AT_ONCE = 64
"""Pictures whose places are widened to float32 at once."""


def whole_pictures(places: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the vectors (pictures, width) of places (pictures, places, width), at length 1; zeros stay zeros."""
    begins = range(0, len(places), _AT_ONCE)
    means = np.concatenate([places[begin : begin + _AT_ONCE].astype(np.float32).mean(axis=1) for begin in begins])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def nearest(
    queries: NDArray[np.float32], documents: NDArray[np.float32], ids: Sequence[str], k: int
) -> list[list[Hit]]:
    """Return the `k` documents of the largest inner product for each query, by brute force, ties by docid."""
    found = []
    for query in queries:
        scores = documents @ query
        few = np.argpartition(-scores, k)[:k] if k < len(scores) else np.arange(len(scores))
        found.append(rank_hits(((ids[row], float(scores[row])) for row in few), k))
    return found
