"""The losses of training against plain loops in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.training.formulas import contrastive_loss, flops_loss
from lexlip_lucene.training.losses.distillation import distillation_loss
from lexlip_lucene.training.losses.flops import ramp
from lexlip_lucene.training.losses.language import masked_language_loss
from lexlip_lucene.training.losses.momentum_contrast import momentum_contrastive_loss
from lexlip_lucene.training.losses.words import word_loss

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


@given(images, st.integers(1, 6), seeds)
def test_the_momentum_contrastive_loss_is_the_formula(n: int, queue: int, seed: int) -> None:
    positive, negatives = normal(seed, n), normal(seed + 1, n, queue)
    excluded = np.random.default_rng(seed).random((n, queue)) < 0.4
    rows = [
        [positive[i], *(score for score, left_out in zip(negatives[i], excluded[i], strict=True) if not left_out)]
        for i in range(n)
    ]
    expected = sum(minus_log_softmax(row, 0) for row in rows) / n
    given_tensors = torch.from_numpy(positive), torch.from_numpy(negatives), torch.from_numpy(excluded)
    assert momentum_contrastive_loss(*given_tensors).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(images, st.integers(1, 6), seeds)
def test_the_key_is_drawn_near_all_negatives_pushed_away_and_what_is_excluded_left_alone(
    n: int, queue: int, seed: int
) -> None:
    positive = torch.from_numpy(normal(seed, n)).requires_grad_()
    negatives = torch.from_numpy(normal(seed + 1, n, queue)).requires_grad_()
    excluded = torch.from_numpy(np.random.default_rng(seed).random((n, queue)) < 0.4)
    momentum_contrastive_loss(positive, negatives, excluded).backward()
    assert positive.grad is not None and negatives.grad is not None
    assert (positive.grad <= 0).all()
    assert (negatives.grad[~excluded] >= 0).all()
    assert (negatives.grad[excluded] == 0).all()


def test_a_queue_of_the_own_images_keys_alone_costs_nothing() -> None:
    excluded = torch.ones(2, 3, dtype=torch.bool)
    assert momentum_contrastive_loss(torch.zeros(2), torch.ones(2, 3), excluded).item() == 0.0


def test_equal_similarities_cost_the_logarithm_of_the_queue_and_the_key() -> None:
    assert momentum_contrastive_loss(torch.zeros(2), torch.zeros(2, 6)).item() == pytest.approx(math.log(7))


@given(st.integers(0, 5), tokens, seeds)
def test_the_masked_language_loss_is_the_formula(masked: int, vocabulary: int, seed: int) -> None:
    logits, count = normal(seed, masked, vocabulary), masked + 3
    labels = np.random.default_rng(seed).integers(0, vocabulary, masked)
    expected = sum(minus_log_softmax(logits[i].tolist(), labels[i]) for i in range(masked)) / count
    loss = masked_language_loss(torch.from_numpy(logits), torch.from_numpy(labels), count)
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_parts_of_a_batch_add_up_to_the_loss_of_the_whole() -> None:
    logits, labels = torch.from_numpy(normal(0, 7, 4)), torch.tensor([0, 1, 2, 3, 0, 1, 2])
    parts = [masked_language_loss(logits[part], labels[part], 7) for part in (slice(0, 2), slice(2, 7))]
    assert sum(part.item() for part in parts) == pytest.approx(masked_language_loss(logits, labels, 7).item())


@pytest.mark.parametrize("count", [0, 12])
def test_where_nothing_is_masked_the_loss_is_0_with_a_gradient_of_0(count: int) -> None:
    states, weight = torch.zeros(0, 3), torch.ones(3, 5, requires_grad=True)
    loss = masked_language_loss(states @ weight, torch.zeros(0, dtype=torch.long), count)
    loss.backward()
    assert loss.item() == 0.0
    assert weight.grad is not None and not weight.grad.any()


def divergence(teacher: list[float], student: list[float]) -> float:
    """KL(softmax(teacher) ‖ softmax(student))."""
    places = range(len(teacher))
    logs = [(-minus_log_softmax(teacher, i), -minus_log_softmax(student, i)) for i in places]
    return sum(math.exp(of_teacher) * (of_teacher - of_student) for of_teacher, of_student in logs)


@given(images, captions, seeds)
def test_the_distillation_loss_is_the_formula(n: int, c: int, seed: int) -> None:
    student, teacher = normal(seed, n * c, n), normal(seed + 1, n * c, n)
    rows = [divergence(teacher[i].tolist(), student[i].tolist()) for i in range(n * c)]
    columns = [divergence(teacher[:, j].tolist(), student[:, j].tolist()) for j in range(n)]
    expected = (sum(rows) / len(rows) + sum(columns) / len(columns)) / 2
    loss = distillation_loss(torch.from_numpy(student), torch.from_numpy(teacher))
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(images, captions, seeds)
def test_a_student_that_agrees_with_its_teacher_up_to_a_constant_has_nothing_to_learn(
    n: int, c: int, seed: int
) -> None:
    teacher = torch.from_numpy(normal(seed, n * c, n)).requires_grad_()
    student = (teacher.detach() + 3.0).requires_grad_()
    loss = distillation_loss(student, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-12)
    assert student.grad is not None and student.grad.abs().max() < 1e-12
    assert teacher.grad is None  # no gradient ever reaches the teacher


def test_no_gradient_reaches_a_teacher_that_disagrees() -> None:
    student, teacher = (torch.from_numpy(normal(seed, 4, 2)).requires_grad_() for seed in (0, 1))
    distillation_loss(student, teacher).backward()
    assert student.grad is not None and bool(student.grad.any())
    assert teacher.grad is None


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


@given(images, tokens, seeds)
def test_importance_is_the_factor_of_each_tokens_square(n: int, v: int, seed: int) -> None:
    weights, importance = np.abs(normal(seed, n, v)), np.abs(normal(seed + 1, v))
    expected = sum(importance[t] * (sum(weights[i, t] for i in range(n)) / n) ** 2 for t in range(v))
    loss = flops_loss(torch.from_numpy(weights), torch.from_numpy(importance))
    assert loss.item() == pytest.approx(expected, rel=1e-9)


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
