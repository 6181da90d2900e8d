"""The vocabulary head and its max pooling in one: the largest logit of each token, and the position that has it.

    logits[b, v] = bias[v] + max over positions p that count of states[b, p] · weight[v]

It equals `(states @ weight.T + bias).amax(1)`, but no tensor of positions × tokens is ever made: both passes work in
tiles, and memory is O(batch × tokens). At 256 × 197 × 768 → 30,522 in bfloat16 the logits of all positions are
3.1 GB; what is kept of them here, a float32 and an int32 for each token, is 62 MB.

The gradient flows through the winning positions alone. With W(b, v) the winner and g the gradient of the logits,

    d weight[v] = Σ_b g[b, v] states[b, W(b, v)]        d states[b, p] = Σ over v with W(b, v) = p of g[b, v] weight[v]

so the backward pass is two sparse-times-dense products with batch × tokens entries, 1/positions of the arithmetic of
the two dense products that it replaces. Entries whose gradient is zero (log(1 + relu) of a logit below 0) are left
out before anything is read for them. It can't be differentiated twice.

Two implementations: `lexicon_pool_triton` on CUDA, `lexicon_pool_chunked` everywhere else and for float64.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from lexlip_lucene.errors import InputError

_P = ParamSpec("_P")
_R = TypeVar("_R")

NOWHERE = -1
"""The position given for a row without any position that counts."""


class LexiconPool(NamedTuple):
    """What `lexicon_pool` returns.

    Attributes:
        logits: (batch, tokens) float32 (float64 for float64 inputs); −inf for a row without any position that counts.
        positions: (batch, tokens) int32, where each logit is largest, the lowest position at ties; `NOWHERE` (−1) for
            a row without any position that counts.
    """

    logits: Tensor
    positions: Tensor


class _Implementation(NamedTuple):
    """The two products.

    Attributes:
        largest: (states, weight, values, positions) → None; fills `values` and, unless it is None, `positions`.
        sum_rows: (table, rows, shares, begins) → Σ over j in begins[i]:begins[i+1] of shares[j] × table[rows[j]].
    """

    largest: Callable[[Tensor, Tensor, Tensor, Tensor | None], None]
    sum_rows: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _outside_graphs(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Keep `torch.compile` from unrolling the loops over tiles: it calls the function between two graphs."""
    kept_out: Callable[_P, _R] = torch.compiler.disable(function)
    return kept_out


@_outside_graphs
def lexicon_pool(states: Tensor, weight: Tensor, bias: Tensor | None = None, mask: Tensor | None = None) -> LexiconPool:
    """Return the largest logit of each token over the positions that count, and where it is.

    Under autocast, states and weight are cast to its dtype first. Products are summed in float32; on a CPU, bfloat16
    and float16 logits are rounded to that dtype before the maximum is taken, as in the eager head. The bias is added
    after the maximum, in float32. Under `torch.compile` it is one graph break.

    Args:
        states: (batch, positions, width) float, at least one position.
        weight: (tokens, width) float.
        bias: (tokens,) float, or None for 0.
        mask: (batch, positions) bool, True where a position counts; None when all do.

    Raises:
        InputError: the shapes do not fit together.
    """
    _require_shapes(states, weight, bias, mask)
    states, weight = _in_one_dtype(states, weight)
    top, positions = _LargestLogit.apply(states, weight, _stand_ins(mask))
    if mask is not None:
        positions = positions.masked_fill(~mask.any(dim=1, keepdim=True), NOWHERE)
    return LexiconPool(_finished(top, bias, mask), positions)


@_outside_graphs
def lexicon_logits(states: Tensor, weight: Tensor, bias: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
    """Return the logits of `lexicon_pool` alone; where no gradient is needed, no position is looked for."""
    if torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in (states, weight, bias)):
        return lexicon_pool(states, weight, bias, mask).logits
    _require_shapes(states, weight, bias, mask)
    states, weight = _in_one_dtype(states, weight)
    top = _empty_logits(states, weight)
    _implementation(states).largest(_counting(states, _stand_ins(mask)), weight, top, None)
    return _finished(top, bias, mask)


class _LargestLogit(Function):
    """(states, weight, stand-ins) → (largest logits, their positions), the bias not yet added."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, stand_ins: Tensor | None) -> tuple[Tensor, Tensor]:
        top = _empty_logits(states, weight)
        positions = torch.empty_like(top, dtype=torch.int32)
        _implementation(states).largest(_counting(states, stand_ins), weight, top, positions)
        if stand_ins is not None:
            positions = stand_ins.gather(1, positions.long()).int()
        ctx.save_for_backward(states, weight, positions)
        ctx.mark_non_differentiable(positions)
        return top, positions

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        states, weight, positions = ctx.saved_tensors
        for_states, for_weight, _for_stand_ins = ctx.needs_input_grad
        return (
            _states_gradient(slope, positions, states, weight) if for_states else None,
            _weight_gradient(slope, positions, states, weight) if for_weight else None,
            None,
        )


def _states_gradient(slope: Tensor, positions: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    """Σ over the tokens v that a position wins of slope[b, v] × weight[v], some images at a time."""
    batch, length, width = states.shape
    tokens = len(weight)
    gradient = torch.empty_like(states)
    step = max(1, _entries(slope) // max(1, tokens))
    for begin in range(0, batch, step):
        images = slice(begin, begin + step)
        part = slope[images]
        target = (positions[images] + _starts(len(part), length, slope)).flatten()
        hits = part.flatten().nonzero().squeeze(1)
        target, order = target[hits].sort(stable=True)
        hits = hits[order]
        sums = _sum_rows(weight, target, hits % tokens, part.flatten()[hits], len(part) * length)
        gradient[images] = sums.view(len(part), length, width)
    return gradient


def _weight_gradient(slope: Tensor, positions: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    """Σ over the images b of slope[b, v] × states[b, winner], some tokens at a time."""
    batch, length, _ = states.shape
    gradient = torch.empty_like(weight)
    step = max(1, _entries(slope) // max(1, batch))
    for begin in range(0, len(weight), step):
        tokens = slice(begin, begin + step)
        part = slope[:, tokens].T.flatten()
        rows = (positions[:, tokens] + _starts(batch, length, slope)).T.flatten()
        hits = part.nonzero().squeeze(1)
        count = len(gradient[tokens])
        gradient[tokens] = _sum_rows(states.flatten(0, 1), hits // batch, rows[hits], part[hits], count)
    return gradient


def _sum_rows(table: Tensor, target: Tensor, rows: Tensor, shares: Tensor, count: int) -> Tensor:
    """Σ of shares × table[rows] for each of `count` targets; `target` ascends."""
    begins = torch.searchsorted(target, torch.arange(count + 1, device=target.device, dtype=target.dtype))
    return _implementation(table).sum_rows(table, rows.long(), shares, begins)


def _starts(batch: int, length: int, like: Tensor) -> Tensor:
    """The number of each image's first state when the states of all are one table: (batch, 1) int64."""
    return torch.arange(batch, device=like.device).unsqueeze(1) * length


def _entries(slope: Tensor) -> int:
    """Entries of the sparse product handled at once: 30 to 60 bytes of work space each, so 1 MB or 100 MB."""
    return 1 << (21 if slope.is_cuda else 15)


def _implementation(states: Tensor) -> _Implementation:
    """Triton's for CUDA (or in its interpreter, which is how it is tested without a GPU), else the portable one."""
    wanted = states.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"
    if wanted and states.dtype != torch.float64 and find_spec("triton") is not None:
        from lexlip_lucene.encoders import lexicon_pool_triton as triton

        return _Implementation(triton.largest, triton.sum_rows)
    from lexlip_lucene.encoders import lexicon_pool_chunked as chunked

    return _Implementation(chunked.largest, chunked.sum_rows)


def _in_one_dtype(states: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Cast both to autocast's dtype where it is on (never float64), else to the wider of their own."""
    device = states.device.type
    dtype = torch.promote_types(states.dtype, weight.dtype)
    if torch.is_autocast_enabled(device) and dtype != torch.float64:
        dtype = torch.get_autocast_dtype(device)
    return states.to(dtype).contiguous(), weight.to(dtype).contiguous()


def _stand_ins(mask: Tensor | None) -> Tensor | None:
    """For each position that does not count the first of its row that does: (batch, positions) int64.

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
    if bias is not None:
        top = top + bias.to(top.dtype)
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
