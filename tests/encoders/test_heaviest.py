"""Top-k on the device, against the vector that is sorted whole on the host."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.encoders.pool.heaviest import heaviest, quantised
from lexlip_lucene.vectors.quantise import Quantiser

# Few different weights, so that many are equal, also at the cut.
WEIGHTS = st.sampled_from([0.0, 1e-45, 1e-9, 0.25, 0.5, 0.5000001, 1.0, 50.0]) | st.floats(0, 50, width=32)
BATCHES = st.integers(1, 12).flatmap(
    lambda tokens: st.lists(st.lists(WEIGHTS, min_size=tokens, max_size=tokens), min_size=1, max_size=4)
)


@given(BATCHES, st.none() | st.integers(1, 14), st.integers(1, 12))
def test_the_vectors_are_those_of_the_quantiser_in_the_same_order(
    rows: list[list[float]], top_k: int | None, bits: int
) -> None:
    weights = torch.tensor(rows, dtype=torch.float32)
    tokens = [f"t{number}" for number in range(weights.shape[1])]
    quantiser = Quantiser(3.0, bits=bits, top_k=top_k)
    whole = Quantiser(3.0, bits=bits).vector
    expected = [list(whole(row, tokens).items())[:top_k] for row in weights.numpy()]
    found = quantised(heaviest(weights, top_k), quantiser, tokens)
    assert [list(vector.items()) for vector in found] == expected
    assert [list(quantiser.vector(row, tokens).items()) for row in weights.numpy()] == expected
    assert all(type(impact) is int for vector in found for impact in vector.values())


def test_only_k_pairs_of_a_vector_are_given() -> None:
    found = heaviest(torch.tensor([[0.0, 2.0, 2.0, 1.0]]), 2)
    assert (found.weights.tolist(), found.positions.tolist()) == ([[2.0, 2.0]], [[1, 2]])
    assert heaviest(torch.tensor([[0.0, 3.0, 0.0], [1.0, 2.0, 0.0]]), None).weights.tolist() == [[3.0, 0.0], [2.0, 1.0]]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions_are_ranked_as_float32(dtype: torch.dtype) -> None:
    weights = torch.rand(3, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
    assert torch.equal(heaviest(weights, 7).weights, weights.float().sort(dim=1, descending=True).values[:, :7])


def test_what_is_no_number_is_no_token() -> None:
    found = quantised(heaviest(torch.tensor([[np.nan, 1.0, -0.0, -2.0]]), 4), Quantiser(1.0), ["a", "b", "c", "d"])
    assert found == [{"b": 255}]


def test_a_batch_of_none_gives_none() -> None:
    assert quantised(heaviest(torch.zeros(0, 5), None), Quantiser(1.0), list("abcde")) == []
