"""Receptive-field shift: the distance of a place's receptive field from the middle of its cell, measured.

It is the same for all places of the grid.

A convolution of stride 2 that pads both edges alike looks around every second pixel, not between two: after three of
them a state of a grid of 8-pixel cells looks around the first pixel of its cell, 3.5 pixels or 0.44 cells up and left
of its middle. A patch of a ViT sees itself, and its shift is 0. Other paddings shift to other sides.

The region that a state sees is its effective receptive field (Luo et al., Understanding the Effective Receptive Field,
NeurIPS 2016): the squared gradient of the state by the pixels, here of noise. Only places around the middle are
measured, in pairs that mirror each other, so that the parts that the edges cut off cancel out.
"""

import torch
from torch import Tensor

from lexlip_lucene.encoders.model.image_tower import ImageTower

_PICTURES = 4
"""Of noise: with 4, four trained towers were within 0.02 cells of the shift that follows from their strides."""


@torch.inference_mode(False)
@torch.enable_grad()
def receptive_field_shift(tower: ImageTower, side: int) -> float:
    """Return the shift of a place's receptive field right and down of its cell's middle.

    It is in cells, rounded to hundredths.

    Args:
        tower: it is not changed.
        side: rows and columns of its grid.
    """
    chance, size = torch.Generator().manual_seed(0), tower.spec.size
    noise = [torch.randn(1, 3, size, size, generator=chance) for _ in range(_PICTURES)]
    return round(float(torch.stack([_shift(tower, side, picture) for picture in noise]).mean()), 2)


def _shift(tower: ImageTower, side: int, noise: Tensor) -> Tensor:
    """Return the mean shift over the places around the middle, for one picture (1, 3, size, size)."""
    pixels = noise.to(next(tower.parameters()).device).requires_grad_()
    states = tower(pixels)[0]
    places = {side // 4, side - 1 - side // 4}
    shifts = [_seen(pixels, states[row * side + column], side, row, column) for row in places for column in places]
    return torch.stack(shifts).mean()


def _seen(pixels: Tensor, state: Tensor, side: int, row: int, column: int) -> Tensor:
    """Return the shift of the centre of the pixels that a state (width,) sees, the mean of both axes."""
    (gradient,) = torch.autograd.grad(state.square().sum(), pixels, retain_graph=True)
    energy = gradient[0].square().sum(dim=0)
    energy = energy / energy.sum()
    at = (torch.arange(len(energy), device=energy.device) + 0.5) / len(energy) * side - 0.5
    return ((energy.sum(dim=1) @ at - row) + (energy.sum(dim=0) @ at - column)) / 2
