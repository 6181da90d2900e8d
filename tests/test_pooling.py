"""Pooling against the formula in plain float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.encoders.pooling import NORM_FLOOR, divide_by_length, max_over_positions, saturate

shapes = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 8))
seeds = st.integers(0, 2**32 - 1)


def case(shape: tuple[int, int, int], seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Logits with ties (they are rounded), and a mask in which whole rows may be off."""
    chance = np.random.default_rng(seed)
    logits = np.round(chance.normal(scale=3, size=shape) * 2) / 2
    mask = chance.random(shape[:2]) < chance.choice([0.0, 0.5, 1.0], size=(shape[0], 1))
    return logits.astype(np.float32), mask


def reference(logits: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """weight[b][v] = log(1 + max(0, max over positions p that count of logits[b][p][v])), 0 without such a position."""
    batch, positions, tokens = logits.shape
    weights = np.zeros((batch, tokens))
    for b in range(batch):
        for v in range(tokens):
            counting = [float(logits[b, p, v]) for p in range(positions) if mask[b, p]]
            weights[b, v] = math.log(1 + max([0.0, *counting]))
    return weights


def test_the_worked_number_of_the_module() -> None:
    weights = saturate(max_over_positions(torch.tensor([[[1.0], [3.0]]])))
    assert weights.item() == pytest.approx(1.386, abs=5e-4)


@given(shapes, seeds)
def test_pooling_is_the_formula(shape: tuple[int, int, int], seed: int) -> None:
    logits, mask = case(shape, seed)
    pooled = saturate(max_over_positions(torch.from_numpy(logits), torch.from_numpy(mask)))
    np.testing.assert_allclose(pooled.numpy(), reference(logits, mask), rtol=1e-6, atol=0)  # float32
    everywhere = saturate(max_over_positions(torch.from_numpy(logits)))
    np.testing.assert_allclose(everywhere.numpy(), reference(logits, np.ones_like(mask)), rtol=1e-6, atol=0)


@given(shapes, seeds)
def test_the_gradient_flows_through_the_winning_positions_alone(shape: tuple[int, int, int], seed: int) -> None:
    """d weight / d logit is 1 / (1 + logit) at the winner (shared by ties), and 0 at all else and at logits ≤ 0."""
    logits, mask = case(shape, seed)
    given_logits = torch.from_numpy(logits).requires_grad_()
    saturate(max_over_positions(given_logits, torch.from_numpy(mask))).sum().backward()
    assert given_logits.grad is not None
    masked = np.where(mask[:, :, None], logits.astype(np.float64), -np.inf)
    top = masked.max(axis=1, keepdims=True)
    wins = (masked == top) & (top > 0)
    expected = np.where(wins, 1 / (1 + np.maximum(top, 0)) / np.maximum(wins.sum(axis=1, keepdims=True), 1), 0)
    np.testing.assert_allclose(given_logits.grad.numpy(), expected, rtol=1e-6, atol=0)


def test_a_row_without_any_position_that_counts_has_no_weight_and_no_broken_gradient() -> None:
    logits = torch.ones(2, 3, 4, requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    pooled = max_over_positions(logits, mask)
    assert pooled[1].tolist() == [-math.inf] * 4
    weights = saturate(pooled)
    assert weights[1].tolist() == [0.0] * 4
    weights.sum().backward()
    assert logits.grad is not None
    assert logits.grad[1].tolist() == torch.zeros(3, 4).tolist()
    assert torch.isfinite(logits.grad).all()


@given(st.integers(1, 4), st.integers(1, 8), st.floats(0, 1), seeds)
def test_division_by_length_is_the_formula(rows: int, tokens: int, power: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    weights = (chance.random((rows, tokens)) * (chance.random((rows, tokens)) < 0.7)).astype(np.float32)
    divided = divide_by_length(torch.from_numpy(weights), power).numpy()
    for row, found in zip(weights.astype(np.float64), divided, strict=True):
        length = math.sqrt(sum(weight * weight for weight in row)) or 1.0
        np.testing.assert_allclose(found, row / length**power, rtol=1e-5, atol=0)  # float32


def test_powers_1_and_0_give_unit_length_and_no_change() -> None:
    weights = torch.tensor([[3.0, 4.0]])
    assert divide_by_length(weights, 1.0).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
    assert divide_by_length(weights, 0.0) is weights


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_a_vector_of_zeros_stays_zeros_with_a_finite_gradient(power: float) -> None:
    weights = torch.zeros(1, 3, requires_grad=True)
    divided = divide_by_length(weights, power)
    divided.sum().backward()
    assert divided.tolist() == [[0.0, 0.0, 0.0]]
    assert weights.grad is not None
    assert weights.grad.tolist() == [pytest.approx([NORM_FLOOR**-power] * 3)]
