"""The triplet loss with distance-weighted negatives against the formula of Wu et al."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lexlip_lucene.recipes.relations_recipe import TripletRecipe
from lexlip_lucene.training.relations.triplets import negative_chances, triplet_loss

RECIPE = TripletRecipe()


def others(n: int) -> torch.Tensor:
    return ~torch.eye(n, dtype=torch.bool)


@given(st.integers(2, 6), st.sampled_from([4, 64, 768, 1024]), st.integers(0, 2**32 - 1))
def test_negatives_are_drawn_by_the_density_of_distances_in_vectors_of_this_width(
    n: int, width: int, seed: int
) -> None:
    chance = torch.Generator().manual_seed(seed)
    some, more = (functional.normalize(torch.randn(n, 5, generator=chance), dim=1) for _ in range(2))
    similarity = some @ more.T
    found = negative_chances(similarity, others(n), width, RECIPE)
    for row in range(n):
        logs = {}
        for column in range(n):
            far = math.sqrt(max(0.0, 2 - 2 * similarity[row, column].item()))
            if column != row and far < 1.7:
                far = max(far, 0.5)
                logs[column] = -((width - 2) * math.log(far) + (width - 3) / 2 * math.log(1 - far * far / 4))
        top = max(logs.values(), default=0)
        total = sum(math.exp(log - top) for log in logs.values())
        wanted = [math.exp(logs[c] - top) / total if c in logs else 0 for c in range(n)]
        assert found[row].tolist() == pytest.approx(wanted, abs=1e-4)


def test_the_width_of_the_vectors_decides_how_much_nearer_negatives_are_drawn() -> None:
    """The published code has 512 for vectors of 1,024."""
    similarity = torch.tensor([[1.0, 0.3, 0.31], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    ratios = []
    for width in (512, 1024):
        chances = negative_chances(similarity, others(3), width, RECIPE)[0]
        ratios.append(math.log(chances[2] / chances[1]))
    assert ratios[1] == pytest.approx(ratios[0] * 2, rel=0.01)


def test_cosines_above_1_cost_no_number_less() -> None:
    """√(2 − 2s) has no value there, in the published code."""
    similarity = torch.tensor([[1.0, 1.0001], [1.0001, 1.0]], requires_grad=True)
    loss = triplet_loss(similarity, others(2), 256, RECIPE)
    assert loss.item() == pytest.approx(2 * (0.2 + 0.0001), abs=1e-5)
    loss.backward()
    assert similarity.grad is not None and similarity.grad.isfinite().all()


def test_an_anchor_without_a_negative_in_reach_costs_nothing_and_the_others_keep_their_loss() -> None:
    """In the published code the whole batch has a loss of 0 then."""
    similarity = torch.tensor([[0.5, -1.0, -1.0], [-1.0, 0.5, 0.45], [-1.0, 0.45, 0.5]])
    assert triplet_loss(similarity, others(3), 256, RECIPE).item() == pytest.approx(2 * 2 * 0.15 / 3)
    assert triplet_loss(torch.full((3, 3), -1.0), others(3), 256, RECIPE).item() == 0
    assert triplet_loss(torch.ones(1, 1), others(1), 256, RECIPE).item() == 0


def test_what_is_no_negative_is_never_drawn() -> None:
    negative = others(4)
    negative[0, 1] = negative[2, 3] = False
    chances = negative_chances(torch.full((4, 4), 0.4), negative, 256, RECIPE)
    assert not chances[~negative].any()
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(4))


def test_a_negative_that_is_far_less_similar_than_the_positive_costs_nothing() -> None:
    similarity = torch.eye(4) * 0.9
    assert triplet_loss(similarity, others(4), 256, RECIPE).item() == 0
