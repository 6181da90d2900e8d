"""Fewer vectors for a picture: the centres of clusters of its patches (spherical k-means)."""

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.integers import as_count

_ROUNDS = 20
_NO_DIRECTION = 1e-6


def clustered(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return at most `count` unit vectors that stand for `vectors`, the same ones in every run.

    The first centre is the vector that is most like all of them, each further one the vector that is least like the
    centres so far. Then each vector joins the centre that it is most like, and a centre becomes the mean direction of
    its vectors, until nothing changes or for 20 rounds. A centre that no vector joins is dropped.

    Args:
        vectors: (n, width) float32 of unit length, the patches of one picture; n may be 0.
        count: centres, at least 1.

    Returns:
        (at most `count`, width) float32 of unit length; `vectors` itself if they are no more than `count`.

    Raises:
        InputError: `count` is not an integer of at least 1.
    """
    count = as_count(count, "the number of clusters")
    if len(vectors) <= count:
        return vectors
    centres = _far_apart(vectors, count)
    members = (vectors @ centres.T).argmax(axis=1)
    for _ in range(_ROUNDS):
        centres = _mean_directions(vectors, members, centres)
        before, members = members, (vectors @ centres.T).argmax(axis=1)
        if (members == before).all():
            break
    kept: NDArray[np.float32] = centres[np.unique(members)]
    return kept


def _far_apart(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    chosen = [int((vectors @ vectors.mean(axis=0)).argmax())]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(nearest.argmin()))
        np.maximum(nearest, vectors @ vectors[chosen[-1]], out=nearest)
    return vectors[chosen]


def _mean_directions(
    vectors: NDArray[np.float32], members: NDArray[np.intp], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the mean direction of each centre's vectors, or the centre itself if they have none in common."""
    sums = np.zeros_like(centres)
    np.add.at(sums, members, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > _NO_DIRECTION, sums / np.maximum(lengths, np.float32(_NO_DIRECTION)), centres)
