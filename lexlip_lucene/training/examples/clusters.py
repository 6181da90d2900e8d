"""Clusters of vectors by mini-batch k-means (Sculley, WWW 2010), as scikit-learn has it, in bounded time.

More than `MOST` clusters are made in two levels, √ of their number each, so that a vector is compared with a few
hundred centres. No number of iterations depends on sums that threads add up in an order of their own: the same
vectors give the same clusters.
"""

import math

import numpy as np
from numpy.typing import NDArray

MOST = 1024
"""Clusters that are made at once."""

AT_ONCE = 4096
"""Vectors of an iteration."""

PASSES = 10
"""Iterations see so many vectors as this many passes over all of them have."""


def clusters_of(vectors: NDArray[np.float32], size: int, seed: int) -> NDArray[np.int32]:
    """Return the cluster of each vector, from 0; nearby numbers are of clusters whose centres are near.

    Args:
        vectors: (vectors, width), at least one.
        size: vectors of a cluster, on average.
        seed: 0..2^32 − 1.
    """
    count = max(1, round(len(vectors) / size))
    if count <= MOST:
        return _fitted(vectors, count, seed)
    coarse = _fitted(vectors, math.ceil(math.sqrt(count)), seed)
    clusters = np.empty_like(coarse)
    first = 0
    for number in np.unique(coarse):
        own = np.flatnonzero(coarse == number)
        clusters[own] = first + _fitted(vectors[own], min(MOST, max(1, round(len(own) / size))), seed)
        first = int(clusters[own].max()) + 1
    return clusters


def _fitted(vectors: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int32]:
    """Make `count` clusters, numbered by the place of their centres along the axis on which these differ most."""
    from sklearn.cluster import MiniBatchKMeans  # takes a second, which only runs with neighbours spend

    if count == 1:
        return np.zeros(len(vectors), dtype=np.int32)
    found = MiniBatchKMeans(
        count, batch_size=AT_ONCE, max_iter=PASSES, n_init=1, max_no_improvement=None, random_state=seed
    ).fit(vectors)
    centres = found.cluster_centers_.astype(np.float64)
    centres -= centres.mean(axis=0)
    axis = np.linalg.svd(centres, full_matrices=False)[2][0]
    places = np.empty(count, dtype=np.int32)
    places[np.argsort(centres @ axis, kind="stable")] = np.arange(count)
    labels: NDArray[np.int32] = found.labels_
    return places[labels]
