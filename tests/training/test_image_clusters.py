"""Clusters of vectors: blobs are found, numbers follow the places of the centres, the same every time."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lexlip_lucene.training.examples import clusters
from lexlip_lucene.training.examples.clusters import clusters_of


def blobs(
    count: int, each: int, *, width: int = 8, spread: float = 0.01
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of well separated blobs, mixed, and the blob of each."""
    chance = np.random.default_rng(0)
    centres = 5 * chance.normal(size=(count, width))
    owners = chance.permutation(np.repeat(np.arange(count), each))
    return (centres[owners] + spread * chance.normal(size=(count * each, width))).astype(np.float32), owners


def joint(one: NDArray[np.int64], other: NDArray[np.int32]) -> int:
    """Number of different pairs (blob, cluster): as many as blobs if both say the same."""
    return len(set(zip(one.tolist(), other.tolist(), strict=True)))


def test_separate_blobs_are_clusters() -> None:
    vectors, owners = blobs(3, 20)
    found = clusters_of(vectors, 20, 0)
    assert joint(owners, found) == 3 == len(set(found.tolist()))


def test_the_same_vectors_and_seed_give_the_same_clusters() -> None:
    vectors = np.random.default_rng(1).normal(size=(300, 16)).astype(np.float32)
    assert (clusters_of(vectors, 10, 7) == clusters_of(vectors.copy(), 10, 7)).all()


def test_numbers_follow_a_line_of_centres() -> None:
    places = np.repeat(np.arange(10.0), 9)
    line = (places[:, None] * np.ones(4)).astype(np.float32)
    found = clusters_of(line, 9, 0)
    steps = np.diff([found[places == place][0] for place in range(10)])
    assert (steps >= 0).all() or (steps <= 0).all()


def test_many_clusters_are_made_in_two_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MOST", 8)
    vectors = np.random.default_rng(2).normal(size=(400, 6)).astype(np.float32)
    found = clusters_of(vectors, 10, 0)
    assert 30 <= len(set(found.tolist())) <= 50
    assert found.min() == 0
    centres = np.stack([vectors[found == number].mean(axis=0) for number in np.unique(found)])
    within = np.square(vectors - centres[np.searchsorted(np.unique(found), found)]).sum()
    assert within < 0.6 * np.square(vectors - vectors.mean(axis=0)).sum()


def test_equal_vectors_and_a_single_one_are_clustered_without_a_warning() -> None:
    assert len(clusters_of(np.ones((40, 5), dtype=np.float32), 4, 0)) == 40
    assert clusters_of(np.ones((1, 5), dtype=np.float32), 32, 0).tolist() == [0]
