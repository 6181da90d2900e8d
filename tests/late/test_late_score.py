"""Late scores against a double loop in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.patches import unit_vectors

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.late_score import TextTokens, late_scores


def oracle(tokens: NDArray[np.float32], weights: list[float], patches: NDArray[np.float32]) -> float:
    total = 0.0
    for token, weight in zip(tokens.astype(np.float64), weights, strict=True):
        best = -np.inf
        for patch in patches.astype(np.float64):
            best = max(best, float(sum(a * b for a, b in zip(token, patch, strict=True))))
        total += weight * best if weight else 0
    return total / sum(weights)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.lists(st.sampled_from([0.0, 0.25, 1.0, 7.5]), min_size=1, max_size=6),
    st.lists(st.integers(0, 5), max_size=8),
)
def test_scores_are_the_weighted_means_of_each_tokens_best(
    seed: int, width: int, weights: list[float], counts: list[int]
) -> None:
    tokens = unit_vectors(len(weights), width, seed=seed)
    patches = [unit_vectors(count, width, seed=[seed, place]) for place, count in enumerate(counts)]
    scores = late_scores(tokens, np.array(weights, np.float32), patches)
    expected = [oracle(tokens, weights, part) if any(weights) else 0.0 for part in patches]
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx(expected, abs=1e-5)


def test_equal_weights_give_the_plain_mean_of_filip() -> None:
    tokens = np.eye(2, dtype=np.float32)
    patches = [np.array([[0.6, 0.8], [1, 0]], np.float32)]
    assert late_scores(tokens, np.array([3, 3], np.float32), patches) == pytest.approx([(1 + 0.8) / 2])


def test_a_picture_whose_patches_are_all_unlike_a_token_scores_below_zero() -> None:
    tokens = np.array([[1, 0]], np.float32)
    patches = [np.array([[-1, 0], [-0.6, 0.8]], np.float32), np.empty((0, 2), np.float32)]
    assert late_scores(tokens, np.ones(1, np.float32), patches) == pytest.approx([-0.6, -np.inf])


def test_a_text_without_tokens_scores_zero_with_every_picture() -> None:
    nothing = TextTokens(np.empty((0, 3), np.float32), np.empty(0, np.float32))
    pads = TextTokens(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    patches = [np.eye(3, dtype=np.float32), np.empty((0, 3), np.float32)]
    for text in (nothing, pads):
        assert text.is_empty
        assert late_scores(*text, patches).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("tokens", "weights", "message"),
    [
        (np.eye(2), np.ones(3), "text tokens must be"),
        (np.ones(2), np.ones(2), "text tokens must be"),
        (np.eye(2), np.array([1, -1]), "weight of a text token"),
        (np.eye(2), np.array([1, np.nan]), "weight of a text token"),
        (np.array([[1, 0], [np.nan, 0]]), np.ones(2), "text token 1 must have finite numbers"),
        (np.eye(3), np.ones(3), "of one model"),
    ],
)
def test_tokens_that_do_not_fit_are_an_error(
    tokens: NDArray[np.float32], weights: NDArray[np.float32], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        late_scores(tokens, weights, [np.eye(2, dtype=np.float32)])
