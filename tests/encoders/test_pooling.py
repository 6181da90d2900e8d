"""Weights and their length against the formulas in plain float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR, divide_by_length, saturate

seeds = st.integers(0, 2**32 - 1)


def test_the_worked_number_of_the_module() -> None:
    weights = saturate(torch.tensor([[[1.0], [3.0]]]).amax(dim=1))
    assert weights.item() == pytest.approx(1.386, abs=5e-4)


@given(st.lists(st.floats(-50, 50, width=32), min_size=1))
def test_a_weight_is_the_formula_and_its_slope_that_of_the_formula(values: list[float]) -> None:
    """d weight / d logit is 1 / (1 + logit) above 0, and 0 elsewhere."""
    logits = torch.tensor(values, requires_grad=True)
    weights = saturate(logits)
    weights.sum().backward()
    assert weights.tolist() == pytest.approx([math.log1p(max(0.0, value)) for value in values], rel=1e-6)  # float32
    assert logits.grad is not None
    assert logits.grad.tolist() == pytest.approx([1 / (1 + value) if value > 0 else 0.0 for value in values], rel=1e-6)


def test_a_logit_of_minus_infinity_has_no_weight_and_no_broken_gradient() -> None:
    logits = torch.tensor([-math.inf], requires_grad=True)
    weight = saturate(logits)
    weight.sum().backward()
    assert weight.item() == 0
    assert logits.grad is not None
    assert logits.grad.item() == 0


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
