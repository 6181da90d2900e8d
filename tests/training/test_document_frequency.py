"""The running document frequency against a plain loop over all that was seen."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lexlip_lucene.training.formulas import flops_loss
from lexlip_lucene.training.losses.document_frequency import DocumentFrequency


def importance_of(share: float) -> float:
    if share == 0:
        return 0.0
    return 1 / (1 + (share ** (math.log(2) / math.log(0.1)) - 1) ** 10)


def batches(seed: int, sizes: list[int], tokens: int = 5) -> list[Tensor]:
    """Weights with many zeros; token 0 never has one above 0, token 1 always."""
    chance = np.random.default_rng(seed)
    made = [chance.normal(size=(size, tokens)).clip(min=0) for size in sizes]
    for weights in made:
        weights[:, 0], weights[:, 1] = 0.0, 1.0
    return [torch.from_numpy(weights) for weights in made]


def seen(*steps: Tensor, decay: float = 0.9) -> DocumentFrequency:
    frequency = DocumentFrequency(5, decay)
    for weights in steps:
        frequency.see(weights)
    return frequency


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_the_share_is_the_decayed_mean_over_all_vectors_seen(seed: int, sizes: list[int]) -> None:
    steps = batches(seed, sizes)
    frequency = seen(*steps)
    ages = range(len(steps) - 1, -1, -1)
    vectors = sum(0.9**age * len(weights) for age, weights in zip(ages, steps, strict=True))
    for token in range(5):
        counts = [sum(1 for row in weights if row[token] > 0) for weights in steps]
        share = sum(0.9**age * count for age, count in zip(ages, counts, strict=True)) / vectors
        assert frequency.share()[token].item() == pytest.approx(share, rel=1e-5, abs=1e-7)  # float32
        assert frequency.importance()[token].item() == pytest.approx(importance_of(share), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(("vectors", "expected"), [(1, 1.0), (5, 0.99), (10, 0.5), (20, 0.02), (1000, 0.0)])
def test_the_worked_numbers_of_the_module(vectors: int, expected: float) -> None:
    weights = torch.zeros(vectors, 5)
    weights[0, 2] = 1.0
    assert seen(weights).importance()[2].item() == pytest.approx(expected, abs=5e-3)


def test_importance_grows_with_the_share() -> None:
    weights = torch.tril(torch.ones(100, 100))
    frequency = DocumentFrequency(100)
    frequency.see(weights)
    falling = frequency.importance().tolist()  # token t is in 100 − t vectors
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == 1.0


def test_before_anything_is_seen_all_tokens_count_in_full() -> None:
    assert DocumentFrequency(5).importance().tolist() == [1.0] * 5


def test_an_always_on_token_costs_its_square_and_a_rare_one_nothing() -> None:
    weights = torch.zeros(100, 5)
    weights[:, 1], weights[0, 2] = 2.0, 2.0
    assert flops_loss(weights, seen(weights).importance()).item() == pytest.approx(4.0)


def test_a_saved_state_goes_on_as_if_never_interrupted() -> None:
    first, second = batches(0, [4, 3])
    resumed = DocumentFrequency(5, 0.9)
    resumed.load_state_dict(seen(first).state_dict())
    resumed.see(second)
    assert torch.equal(resumed.importance(), seen(first, second).importance())
