"""How a training step sees its pictures: mirrored, moved, brighter, or through RandAugment."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.recipes.encoder_recipe import AugmentRecipe


class Look(NamedTuple):
    """How a step sees its pictures.

    Attributes:
        mirrored: left and right exchanged.
        shift: moved by whole pixels (down, right).
        brightness: factor on the pixels.
        augmented: seed of RandAugment, drawn for every picture apart; None for none.
    """

    mirrored: bool = False
    shift: tuple[int, int] = (0, 0)
    brightness: float = 1.0
    augmented: int | None = None


AS_THEY_ARE = Look()


def seen(pixels: Tensor, look: Look, augment: AugmentRecipe | None = None) -> Tensor:
    """Apply a look to (batch, 3, size, size) uint8; what a shift uncovers is filled by reflection.

    Returns:
        The same shape, float in 0..255 where the look made it so.
    """
    if augment is not None and look.augmented is not None:
        pixels = _augmented(pixels, augment, look.augmented)
    if look.mirrored:
        pixels = pixels.flip(-1)
    margin = max(abs(step) for step in look.shift)
    if margin:
        size, (down, right) = pixels.shape[-1], look.shift
        padded = functional.pad(pixels.float(), (margin, margin, margin, margin), mode="reflect")
        pixels = padded[..., margin - down : margin - down + size, margin - right : margin - right + size]
    if look.brightness != 1.0:
        pixels = (pixels.float() * look.brightness).clamp(0, 255)
    return pixels


def _augmented(pixels: Tensor, augment: AugmentRecipe, seed: int) -> Tensor:
    """RandAugment (Cubuk et al., 2020) on every picture, without moving the global generator."""
    from torchvision.transforms.v2 import RandAugment

    change = RandAugment(augment.operations, augment.magnitude)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.stack([change(picture) for picture in pixels])
