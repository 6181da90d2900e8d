"""Augmentation of a training step's pictures: mirrored, moved, brighter, or through RandAugment."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.recipes.encoder_recipe import AugmentRecipe


class Augmentation(NamedTuple):
    """Change of the pictures of one step.

    Attributes:
        mirrored: left and right exchanged.
        shift: moved by whole pixels (down, right).
        brightness: factor on the pixels.
        rand_augment: seed of RandAugment, drawn for every picture apart; None for none.
    """

    mirrored: bool = False
    shift: tuple[int, int] = (0, 0)
    brightness: float = 1.0
    rand_augment: int | None = None


UNCHANGED = Augmentation()


def augmented(pixels: Tensor, augmentation: Augmentation, augment: AugmentRecipe | None = None) -> Tensor:
    """Apply an augmentation to (batch, 3, size, size) uint8; what a shift uncovers is filled by reflection.

    Returns:
        The same shape, float in 0..255 if the augmentation shifts or brightens.
    """
    if augment is not None and augmentation.rand_augment is not None:
        pixels = _rand_augmented(pixels, augment, augmentation.rand_augment)
    if augmentation.mirrored:
        pixels = pixels.flip(-1)
    margin = max(abs(step) for step in augmentation.shift)
    if margin:
        size, (down, right) = pixels.shape[-1], augmentation.shift
        padded = functional.pad(pixels.float(), (margin, margin, margin, margin), mode="reflect")
        pixels = padded[..., margin - down : margin - down + size, margin - right : margin - right + size]
    if augmentation.brightness != 1.0:
        pixels = (pixels.float() * augmentation.brightness).clamp(0, 255)
    return pixels


def _rand_augmented(pixels: Tensor, augment: AugmentRecipe, seed: int) -> Tensor:
    """Apply RandAugment (Cubuk et al., 2020) to every picture, without moving the global generator."""
    from torchvision.transforms.v2 import RandAugment

    change = RandAugment(augment.operations, augment.magnitude)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.stack([change(picture) for picture in pixels])
