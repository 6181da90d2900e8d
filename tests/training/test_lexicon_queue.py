"""The queue of sparse keys against a plain list of dense ones."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lexlip_lucene.training.losses.lexicon_queue import LexiconQueue

seeds = st.integers(0, 2**32 - 1)


def keys(seed: int, count: int, tokens: int = 9) -> Tensor:
    """Lexicon vectors with many zeros, no two weights alike."""
    weights = np.random.default_rng(seed).normal(size=(count, tokens)).clip(min=0)
    return torch.from_numpy(weights).float()


def filled(weights: Tensor, top_k: int = 4) -> LexiconQueue:
    queue = LexiconQueue(len(weights), top_k, weights.shape[1])
    queue.push(weights, torch.arange(len(weights)))
    return queue


def heaviest(row: list[float], k: int) -> list[float]:
    kept = sorted(range(len(row)), key=lambda token: -row[token])[:k]
    return [weight if token in kept else 0.0 for token, weight in enumerate(row)]


@given(seeds, st.integers(1, 12), st.integers(1, 6))
def test_the_similarity_is_the_inner_product_with_the_heaviest_tokens(seed: int, top_k: int, n: int) -> None:
    weights, queries = keys(seed, 5), keys(seed + 1, n)
    found = filled(weights, top_k).similarity(queries)
    assert found.shape == (n, 5)
    for i in range(n):
        for j in range(5):
            kept = heaviest(weights[j].tolist(), top_k)
            expected = sum(a * b for a, b in zip(queries[i].tolist(), kept, strict=True))
            assert found[i, j].item() == pytest.approx(expected, rel=1e-5, abs=1e-6)  # float32


@given(seeds, st.integers(1, 12))
def test_the_gradient_of_the_queries_is_that_of_the_dense_product(seed: int, top_k: int) -> None:
    weights, factors = keys(seed, 5), torch.from_numpy(np.random.default_rng(seed).normal(size=(3, 5))).float()
    queries = keys(seed + 1, 3).requires_grad_()
    (filled(weights, top_k).similarity(queries) * factors).sum().backward()
    dense = torch.tensor([heaviest(row, top_k) for row in weights.tolist()])
    assert queries.grad is not None
    torch.testing.assert_close(queries.grad, factors @ dense)


@given(seeds, st.integers(1, 7), st.lists(st.integers(0, 16), max_size=6))
def test_the_queue_holds_the_newest_keys_whatever_the_sizes_of_the_batches(
    seed: int, size: int, counts: list[int]
) -> None:
    """No key is dropped where the ring wraps around, and every one keeps its owner."""
    queue, pushed = LexiconQueue(size, 9, 9), 0
    weights = keys(seed, sum(counts))
    for count in counts:
        queue.push(weights[pushed : pushed + count], torch.arange(pushed, pushed + count))
        pushed += count
        assert queue.full == (pushed >= size)
    newest = list(range(max(0, pushed - size), pushed))
    assert sorted(owner for owner in queue.owners.tolist() if owner >= 0) == newest
    if queue.full:
        everything = queue.similarity(torch.eye(9)).T  # the keys themselves
        torch.testing.assert_close(everything, weights[queue.owners])


def test_queries_of_half_precision_are_compared_in_float32_and_keep_their_gradient() -> None:
    queue, queries = filled(keys(0, 5)), keys(1, 3).bfloat16().requires_grad_()
    found = queue.similarity(queries)
    found.sum().backward()
    assert torch.equal(found, queue.similarity(queries.detach().float()))
    assert queries.grad is not None and bool(queries.grad.any())


def test_it_gives_no_similarity_before_it_is_full() -> None:
    queue = LexiconQueue(3, 4, 9)
    queue.push(keys(0, 2), torch.tensor([0, 1]))
    with pytest.raises(AssertionError, match="2 of 3 keys"):
        queue.similarity(keys(1, 1))


def test_a_push_before_the_backward_pass_is_an_error_and_no_wrong_gradient() -> None:
    queue = filled(keys(0, 3))
    similarity = queue.similarity(keys(1, 2).requires_grad_())
    queue.push(keys(2, 1), torch.tensor([3]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        similarity.sum().backward()


def test_what_is_pushed_is_cut_from_its_graph() -> None:
    weights = keys(0, 3).requires_grad_()
    queue = LexiconQueue(3, 4, 9)
    queue.push(weights, torch.arange(3))
    assert not queue.values.requires_grad
    assert not queue.similarity(keys(1, 2)).requires_grad


@given(seeds, st.integers(0, 5))
def test_a_saved_state_goes_on_as_if_never_interrupted(seed: int, before: int) -> None:
    weights = keys(seed, before + 4)
    whole, resumed = LexiconQueue(3, 4, 9), LexiconQueue(3, 4, 9)
    whole.push(weights[:before], torch.arange(before))
    resumed.load_state_dict(whole.state_dict())
    for queue in (whole, resumed):
        queue.push(weights[before:], torch.arange(before, before + 4))
    assert torch.equal(whole.owners, resumed.owners)
    assert torch.equal(whole.similarity(weights), resumed.similarity(weights))


class LargestTensor(TorchDispatchMode):
    """Notes the most numbers that any tensor has which an operation makes, in the backward pass too."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, Tensor):
                self.numbers = max(self.numbers, tensor.numel())
        return made


def test_no_dense_key_is_ever_made() -> None:
    """Neither (size × tokens) numbers nor one for each query, key and kept token."""
    n, size, top_k, tokens = 4, 300, 8, 200
    queries = keys(1, n, tokens).requires_grad_()
    with LargestTensor() as largest:
        queue = LexiconQueue(size, top_k, tokens)
        for batch in range(size // 10):
            queue.push(keys(batch, 10, tokens), torch.arange(10))
        queue.similarity(queries).sum().backward()
    assert largest.numbers <= max(n * size, n * tokens, size * top_k, 10 * tokens)
    assert largest.numbers < size * tokens / 20
    assert sum(buffer.nbytes for buffer in queue.buffers()) == size * (8 * top_k + 8) + 16
