"""What the bench of the vocabulary head runs: random inputs of a shape, and the heads that are compared."""

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
    """What is measured: the sizes of the head, the dtype of states and weights, and the device."""

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
        """Draw them; logits have a standard deviation near 1."""
        chance = torch.Generator().manual_seed(0)
        sizes = (shape.batch, shape.positions, shape.width), (shape.tokens, shape.width), (shape.tokens,)
        scales = 1.0, shape.width**-0.5, 0.1
        made = [torch.randn(size, generator=chance) * scale for size, scale in zip(sizes, scales, strict=True)]
        slope = torch.randn(shape.batch, shape.tokens, generator=chance).to(shape.device)
        states, weight, bias = (part.to(shape.device, shape.dtype).requires_grad_() for part in made)
        return cls(states, weight, bias, slope)

    def step(self, head: Head) -> Tensor:
        """One forward and backward pass; returns the logits, in float32."""
        for part in self[:3]:
            part.grad = None
        logits = head(*self[:3]).float()
        logits.backward(self.slope)
        self.finish()
        return logits.detach()

    def finish(self) -> None:
        """Wait until the GPU has done what it was told to."""
        if self.states.is_cuda:
            torch.cuda.synchronize(self.states.device)


def eager(states: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Every logit of every position, then their maximum."""
    return linear(states, weight, bias).amax(dim=1)


def heads(device: torch.device) -> dict[str, Head]:
    """What is compared on a device; what everything is compared with comes first."""
    systems: dict[str, Head] = {
        "eager": eager,
        "compiled": torch.compile(eager),
        "chunked": partial(lexicon_logits, implementation="chunked"),
    }
    if device.type == "cuda":
        systems["triton"] = partial(lexicon_logits, implementation="triton")
    return systems
