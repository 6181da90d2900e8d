"""The inputs of the vocabulary head's bench, random and of a given shape, and the heads that are compared."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from lexlip_lucene.encoders.pool.lexicon_pool import lexicon_logits

Head = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(states, weight, bias) → the largest logits (batch, tokens)."""


class Shape(NamedTuple):
    """The sizes of the head, the dtype of states and weights, and the device."""

    batch: int
    positions: int
    width: int
    tokens: int
    dtype: torch.dtype
    device: torch.device


class Inputs(NamedTuple):
    """Random states (batch, positions, width), weight (tokens, width), bias (tokens,), slope (batch, tokens)."""

    states: Tensor
    weight: Tensor
    bias: Tensor
    slope: Tensor

    @classmethod
    def of(cls, shape: Shape) -> "Inputs":
        """Draw the inputs; logits have a standard deviation near 1."""
        chance = torch.Generator().manual_seed(0)
        sizes = (shape.batch, shape.positions, shape.width), (shape.tokens, shape.width), (shape.tokens,)
        scales = 1.0, shape.width**-0.5, 0.1
        made = [torch.randn(size, generator=chance) * scale for size, scale in zip(sizes, scales, strict=True)]
        slope = torch.randn(shape.batch, shape.tokens, generator=chance).to(shape.device)
        states, weight, bias = (part.to(shape.device, shape.dtype).requires_grad_() for part in made)
        return cls(states, weight, bias, slope)

    def step(self, head: Head) -> Tensor:
        """Run one forward and backward pass; return the logits, in float32."""
        for part in self[:3]:
            part.grad = None
        logits = head(*self[:3]).float()
        logits.backward(self.slope)
        self.finish()
        return logits.detach()

    def finish(self) -> None:
        """Wait until the GPU has finished."""
        if self.states.is_cuda:
            torch.cuda.synchronize(self.states.device)


def eager(states: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the largest logits, from every logit of every position."""
    return linear(states, weight, bias).amax(dim=1)


def heads(device: torch.device) -> dict[str, Head]:
    """Return the heads that are compared on a device, by name; the first is the reference."""
    systems: dict[str, Head] = {
        "eager": eager,
        "compiled": torch.compile(eager),
        "chunked": partial(lexicon_logits, implementation="chunked"),
    }
    if device.type == "cuda":
        systems["triton"] = partial(lexicon_logits, implementation="triton")
    return systems
