"""A picture's patches as cluster centres."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.patches import unit_vectors

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.clusters import clustered

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(0, 40), st.integers(1, 8), st.integers(1, 15))
def test_centres_are_at_most_as_many_as_asked_for_and_of_unit_length(
    seed: int, patches: int, width: int, count: int
) -> None:
    centres = clustered(unit_vectors(patches, width, seed=seed), count)
    assert min(patches, 1) <= len(centres) <= min(count, patches)
    assert centres.dtype == np.float32
    assert np.linalg.norm(centres, axis=1) == pytest.approx(np.ones(len(centres)), abs=1e-5)


@given(seeds, st.integers(1, 12))
def test_the_same_patches_give_the_same_centres(seed: int, count: int) -> None:
    vectors = unit_vectors(25, 6, seed=seed)
    assert clustered(vectors, count).tobytes() == clustered(vectors.copy(), count).tobytes()


def test_patches_that_are_no_more_than_the_centres_stay_as_they_are() -> None:
    vectors = unit_vectors(5, 4, seed=1)
    assert clustered(vectors, 5).tolist() == vectors.tolist()


def test_patches_around_a_few_directions_give_these_directions() -> None:
    directions = np.eye(4, dtype=np.float32)
    noise = np.random.default_rng(2).normal(scale=0.02, size=(40, 4))
    vectors = np.repeat(directions, 10, axis=0) + noise
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    centres = clustered(vectors[np.random.default_rng(3).permutation(40)], 4)
    assert len(centres) == 4
    assert (centres @ directions.T).max(axis=0) == pytest.approx(np.ones(4), abs=1e-3)


def test_a_centre_is_the_mean_direction_of_the_patches_that_are_nearest_to_it() -> None:
    vectors = unit_vectors(25, 3, seed=4)
    centres = clustered(vectors, 3)
    members = (vectors @ centres.T).argmax(axis=1)
    for place, centre in enumerate(centres):
        mean = vectors[members == place].sum(axis=0)
        assert mean / np.linalg.norm(mean) == pytest.approx(centre, abs=1e-5)


def test_equal_patches_give_one_centre() -> None:
    assert clustered(np.tile(unit_vectors(1, 4, seed=5), (9, 1)), 3) == pytest.approx(
        unit_vectors(1, 4, seed=5), abs=1e-6
    )


def test_opposite_patches_have_no_mean_direction_and_keep_a_patch() -> None:
    vectors = np.array([[1, 0], [-1, 0], [1, 0], [-1, 0]], np.float32)
    assert np.abs(clustered(vectors, 1)).tolist() == [[1, 0]]


@pytest.mark.parametrize("count", [0, -1, 1.5])
def test_a_count_that_is_none_is_an_error(count: int) -> None:
    with pytest.raises(InputError, match="the number of clusters must be"):
        clustered(unit_vectors(5, 4, seed=6), count)
