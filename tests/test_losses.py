"""The losses of training against plain loops in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.training.losses import contrastive_loss, flops_loss, ramp, word_loss

Array = NDArray[np.float64]
images = st.integers(1, 5)
captions = st.integers(1, 4)
tokens = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(scale=4, size=shape)


def minus_log_softmax(scores: list[float], own: int) -> float:
    top = max(scores)
    return math.log(sum(math.exp(score - top) for score in scores)) + top - scores[own]


def contrastive_reference(similarity: Array) -> float:
    n, c, _ = similarity.shape
    t2i = [minus_log_softmax([similarity[i, k, j] for j in range(n)], i) for i in range(n) for k in range(c)]
    i2t = [minus_log_softmax([similarity[i, k, j] for i in range(n)], j) for k in range(c) for j in range(n)]
    return (sum(t2i) / len(t2i) + sum(i2t) / len(i2t)) / 2


@given(images, captions, seeds)
def test_the_contrastive_loss_is_the_formula(n: int, c: int, seed: int) -> None:
    similarity = normal(seed, n, c, n)
    loss = contrastive_loss(torch.from_numpy(similarity)).item()
    assert loss == pytest.approx(contrastive_reference(similarity), rel=1e-9, abs=1e-12)


def test_a_batch_of_one_image_has_no_negative_and_no_loss() -> None:
    assert contrastive_loss(torch.full((1, 3, 1), 7.0)).item() == 0.0


def test_the_other_captions_of_an_image_are_never_its_negatives() -> None:
    """Per slot the loss sees one caption an image, so slots on their own give the mean of the whole."""
    similarity = torch.from_numpy(normal(0, 4, 3, 4))
    slots = [contrastive_loss(similarity[:, slot : slot + 1]).item() for slot in range(3)]
    assert contrastive_loss(similarity).item() == pytest.approx(sum(slots) / 3)


@given(images.filter(lambda n: n > 1), captions, seeds)
def test_every_caption_of_an_image_is_drawn_to_it_and_every_other_pushed_away(n: int, c: int, seed: int) -> None:
    similarity = torch.from_numpy(normal(seed, n, c, n)).requires_grad_()
    contrastive_loss(similarity).backward()
    assert similarity.grad is not None
    own = np.broadcast_to(np.eye(n, dtype=bool)[:, None, :], (n, c, n))
    assert (similarity.grad.numpy()[own] <= 0).all()
    assert (similarity.grad.numpy()[~own] >= 0).all()


def test_equal_similarities_cost_the_logarithm_of_the_batch() -> None:
    assert contrastive_loss(torch.zeros(5, 2, 5)).item() == pytest.approx(math.log(5))


@given(images, tokens, seeds)
def test_the_word_loss_is_the_formula(n: int, v: int, seed: int) -> None:
    logits, prior = normal(seed, n, v), normal(seed + 1, v)
    present = np.random.default_rng(seed).integers(0, 2, (n, v)).astype(np.uint8)
    expected = 0.0
    for i in range(n):
        for t in range(v):
            chance = 1 / (1 + math.exp(-(logits[i, t] + prior[t])))
            expected -= math.log(chance if present[i, t] else 1 - chance)
    loss = word_loss(torch.from_numpy(logits), torch.from_numpy(present), torch.from_numpy(prior))
    assert loss.item() == pytest.approx(expected / n, rel=1e-5, abs=1e-5)  # in float32, as training is


def test_the_prior_alone_predicts_what_is_anywhere() -> None:
    """Logits of 0 with the log odds of a share as the prior cost the entropy of that share."""
    share = 0.25
    present = torch.tensor([[1], [0], [0], [0]])
    loss = word_loss(torch.zeros(4, 1), present, torch.logit(torch.tensor([share])))
    assert loss.item() == pytest.approx(-share * math.log(share) - (1 - share) * math.log(1 - share))


@given(images, tokens, seeds)
def test_the_flops_loss_is_the_sum_of_squared_means(n: int, v: int, seed: int) -> None:
    weights = np.abs(normal(seed, n, v))
    expected = sum((sum(weights[i, t] for i in range(n)) / n) ** 2 for t in range(v))
    assert flops_loss(torch.from_numpy(weights)).item() == pytest.approx(expected, rel=1e-9)


def test_the_same_weight_spread_over_tokens_costs_less_than_on_one() -> None:
    one, spread = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    assert flops_loss(one).item() == 4.0
    assert flops_loss(spread).item() == 2.0


@pytest.mark.parametrize(
    ("done", "length", "expected"),
    [(-0.5, 0.3, 0.0), (0.0, 0.3, 0.0), (0.15, 0.3, 0.25), (0.3, 0.3, 1.0), (0.9, 0.3, 1.0), (0.5, 1.0, 0.25)],
)
def test_the_ramp_is_quadratic_and_stays_at_1(done: float, length: float, expected: float) -> None:
    assert ramp(done, length) == pytest.approx(expected)
