"""The vocabulary head and its max pooling in one: the largest logit of each token, and the position that has it.

    logits[b, v] = bias[v] + max over positions p that count of states[b, p] · weight[v]

It equals `(states @ weight.T + bias).amax(1)`, but no tensor of positions × tokens is ever made: both passes work in
tiles, and memory is O(batch × tokens). At 256 × 197 × 768 → 30,522 in bfloat16 the logits of all positions are
3.1 GB; what is kept of them here, a float32 and an int32 for each token, is 62 MB.

The gradient flows only through the winning positions. With W(b, v) the winner and g the gradient of the logits,

    d weight[v] = Σ_b g[b, v] states[b, W(b, v)]        d states[b, p] = Σ over v with W(b, v) = p of g[b, v] weight[v]

which `lexicon_pool_winners` computes. It can't be differentiated twice.

Two implementations: `triton_kernels` on CUDA, `chunked` everywhere else and for float64.
"""

import os
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from lexlip_lucene.encoders.pool.winners import SumRows, Winners
from lexlip_lucene.errors import InputError

Implementation = Literal["chunked", "triton"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

NOWHERE = -1
"""The position given for a row without any position that counts."""


class LexiconPool(NamedTuple):
    """The result of `lexicon_pool`.

    Attributes:
        logits: (batch, tokens) float32 (float64 for float64 inputs); −inf for a row without any position that counts.
        positions: (batch, tokens) int32, where each logit is largest, the lowest position at ties; `NOWHERE` (−1) for
            a row without any position that counts.
    """

    logits: Tensor
    positions: Tensor


class _Products(NamedTuple):
    """The products of one implementation.

    Attributes:
        largest: (states, weight, values, positions) → None; fills `values` and, unless it is None, `positions`.
        sum_rows: (table, rows, shares, begins) → Σ over j in begins[i]:begins[i+1] of shares[j] × table[rows[j]].
    """

    largest: Callable[[Tensor, Tensor, Tensor, Tensor | None], None]
    sum_rows: SumRows


def _outside_graphs(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Keep `torch.compile` from unrolling the loops over tiles: it calls the function between two graphs.

    `torch.compiler.disable` loads the compiler, which takes seconds, so it is called only when something is compiled.
    """

    @wraps(function)
    def call(*arguments: _P.args, **named: _P.kwargs) -> _R:
        if torch.compiler.is_dynamo_compiling():
            kept_out: Callable[_P, _R] = torch.compiler.disable(function)
            return kept_out(*arguments, **named)
        return function(*arguments, **named)

    return call


@_outside_graphs
def lexicon_pool(
    states: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    implementation: Implementation | None = None,
) -> LexiconPool:
    """Return the largest logit of each token over the positions that count, and where it is.

    Under autocast, states and weight are cast to its dtype first. Products are summed in float32; on a CPU, bfloat16
    and float16 logits are rounded to that dtype before the maximum is taken, as in the eager head. The bias is added
    after the maximum, in float32. Under `torch.compile` it is one graph break.

    Args:
        states: (batch, positions, width) float, at least one position.
        weight: (tokens, width) float.
        bias: (tokens,) float, or None for 0.
        mask: (batch, positions) bool, True where a position counts; None when all do.
        implementation: None: the one for the device; named to compare the two.

    Raises:
        InputError: the shapes do not fit together.
    """
    _require_shapes(states, weight, bias, mask)
    states, weight = _in_one_dtype(states, weight)
    top, positions = _LargestLogit.apply(states, weight, _stand_ins(mask), _products(states, implementation))
    if mask is not None:
        positions = positions.masked_fill(~mask.any(dim=1, keepdim=True), NOWHERE)
    return LexiconPool(_finished(top, bias, mask), positions)


@_outside_graphs
def lexicon_logits(
    states: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    implementation: Implementation | None = None,
) -> Tensor:
    """Return only the logits of `lexicon_pool`; without a gradient, no winning position is computed."""
    if torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in (states, weight, bias)):
        return lexicon_pool(states, weight, bias, mask, implementation=implementation).logits
    _require_shapes(states, weight, bias, mask)
    states, weight = _in_one_dtype(states, weight)
    top = _empty_logits(states, weight)
    _products(states, implementation).largest(_counting(states, _stand_ins(mask)), weight, top, None)
    return _finished(top, bias, mask)


class _LargestLogit(Function):
    """(states, weight, stand-ins, products) → (largest logits, their positions), the bias not yet added."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, weight: Tensor, stand_ins: Tensor | None, products: _Products
    ) -> tuple[Tensor, Tensor]:
        top = _empty_logits(states, weight)
        positions = torch.empty_like(top, dtype=torch.int32)
        products.largest(_counting(states, stand_ins), weight, top, positions)
        if stand_ins is not None:
            positions = stand_ins.gather(1, positions.long()).int()
        ctx.save_for_backward(states, weight, positions)
        ctx.mark_non_differentiable(positions)
        ctx.sum_rows = products.sum_rows
        return top, positions

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        states, weight, positions = ctx.saved_tensors
        winners = Winners(slope, positions, ctx.sum_rows)
        for_states, for_weight, *_rest = ctx.needs_input_grad
        return (
            winners.states_gradient(states, weight) if for_states else None,
            winners.weight_gradient(states, weight) if for_weight else None,
            None,
            None,
        )


def _products(states: Tensor, implementation: Implementation | None) -> _Products:
    """Return Triton's products for CUDA (or in its interpreter, which tests them without a GPU), else portable ones."""
    if implementation is None:
        wanted = states.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"
        has = wanted and states.dtype != torch.float64 and find_spec("triton") is not None
        implementation = "triton" if has else "chunked"
    if implementation == "triton":
        from lexlip_lucene.encoders.pool import triton_kernels as triton

        return _Products(triton.largest, triton.sum_rows)
    from lexlip_lucene.encoders.pool import chunked

    return _Products(chunked.largest, chunked.sum_rows)


def _in_one_dtype(states: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Cast both to autocast's dtype where it is on (never float64), else to the wider of their own."""
    device = states.device.type
    dtype = torch.promote_types(states.dtype, weight.dtype)
    if torch.is_autocast_enabled(device) and dtype != torch.float64:
        dtype = torch.get_autocast_dtype(device)
    return states.to(dtype).contiguous(), weight.to(dtype).contiguous()


def _stand_ins(mask: Tensor | None) -> Tensor | None:
    """Return (batch, positions) int64: for each position that does not count, the first of its row that does.

    A copy of a state that counts never changes a maximum, so the products need no mask.
    """
    if mask is None:
        return None
    first = mask.to(torch.uint8).argmax(dim=1, keepdim=True)
    return torch.where(mask, torch.arange(mask.shape[1], device=mask.device), first)


def _counting(states: Tensor, stand_ins: Tensor | None) -> Tensor:
    return states if stand_ins is None else states.take_along_dim(stand_ins.unsqueeze(2), dim=1)


def _empty_logits(states: Tensor, weight: Tensor) -> Tensor:
    dtype = torch.promote_types(states.dtype, torch.float32)
    return torch.empty(len(states), len(weight), dtype=dtype, device=states.device)


def _finished(top: Tensor, bias: Tensor | None, mask: Tensor | None) -> Tensor:
    """Add the bias, in place, and put −inf where nothing counts."""
    if bias is not None:
        top = top.add_(bias.to(top.dtype))
    return top if mask is None else top.masked_fill(~mask.any(dim=1, keepdim=True), float("-inf"))


def _require_shapes(states: Tensor, weight: Tensor, bias: Tensor | None, mask: Tensor | None) -> None:
    fits = states.dim() == 3 and weight.dim() == 2 and states.shape[1] > 0 and states.shape[2] == weight.shape[1]
    fits = (
        fits and (bias is None or bias.shape == weight.shape[:1]) and (mask is None or mask.shape == states.shape[:2])
    )
    if not fits:
        shapes = {"states": states, "weight": weight, "bias": bias, "mask": mask}
        raise InputError(
            "the lexicon pool needs states (batch, positions ≥ 1, width), weight (tokens, width), bias (tokens) and "
            "mask (batch, positions), got "
            + ", ".join(f"{name} {tuple(part.shape)}" for name, part in shapes.items() if part is not None)
        )
