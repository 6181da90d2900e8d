"""Top-k masking against sorting in a plain loop, and against the quantiser that cuts when a model encodes."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lexlip_lucene.training.losses.heaviest import keep_heaviest
from lexlip_lucene.vectors.quantise import Quantiser

seeds = st.integers(0, 2**32 - 1)


def tied_weights(seed: int, rows: int, tokens: int) -> Tensor:
    """Weights of 0, 0.5, … 2.0: ties in every row, at 0 too."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 5, (rows, tokens)) / 2)


def test_the_worked_numbers_of_the_module() -> None:
    weights = torch.tensor([[0.5, 2.0, 0.5, 1.0]])
    assert keep_heaviest(weights, 2).tolist() == [[0.0, 2.0, 0.0, 1.0]]
    assert keep_heaviest(weights, 3).tolist() == [[0.5, 2.0, 0.0, 1.0]]


@given(seeds, st.integers(1, 4), st.integers(1, 12), st.integers(1, 12))
def test_the_k_heaviest_stay_and_of_equal_ones_the_lower_token(seed: int, rows: int, tokens: int, k: int) -> None:
    weights = tied_weights(seed, rows, tokens)
    for row, found in zip(weights.tolist(), keep_heaviest(weights, k).tolist(), strict=True):
        kept = sorted(range(tokens), key=lambda token: (-row[token], token))[:k]
        assert found == [row[token] if token in kept else 0.0 for token in range(tokens)]


@given(seeds, st.integers(1, 12))
def test_it_keeps_what_the_quantiser_keeps(seed: int, k: int) -> None:
    weights = tied_weights(seed, 1, 12)
    names = [str(token) for token in range(12)]
    vector = Quantiser(2.0, top_k=k).vector(weights[0].numpy(), names)
    assert {names[token] for token in keep_heaviest(weights, k)[0].nonzero().flatten()} == set(vector)


@given(seeds, st.integers(1, 11))
def test_the_gradient_flows_to_the_kept_alone(seed: int, k: int) -> None:
    weights = (tied_weights(seed, 3, 12) + 0.5).requires_grad_()  # above 0, so that the kept ones are known
    kept = keep_heaviest(weights, k)
    kept.sum().backward()
    assert weights.grad is not None
    assert torch.equal(weights.grad, (kept > 0).double())


def test_no_k_or_one_that_covers_all_tokens_returns_the_weights_themselves() -> None:
    weights = tied_weights(0, 2, 4)
    assert keep_heaviest(weights, None) is weights
    assert keep_heaviest(weights, 4) is weights
    assert keep_heaviest(weights, 9) is weights
