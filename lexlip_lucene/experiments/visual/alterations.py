"""Altered copies of pictures, which are to find the picture that they were made of.

    crop    a window of 60 % of the area, as wide to high as the picture, anywhere in it
    hard    a window of 40 % of the area, mirrored; brightness, contrast and colour each times uniform(0.7, 1.3)

A copy depends on the picture's id and the alteration's name, and not on which other pictures there are.
"""

import hashlib
from collections.abc import Callable, Mapping
from math import sqrt
from typing import TypeAlias

import numpy as np
from PIL import ImageEnhance, ImageOps
from PIL.Image import Image

Alteration: TypeAlias = Callable[[Image, np.random.Generator], Image]

CROP_AREA, HARD_AREA = 0.6, 0.4

_COLOURS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
_LEAST, _MOST = 0.7, 1.3


def crop(image: Image, chance: np.random.Generator) -> Image:
    """Return a random window of 60 % of the area."""
    return window(image, CROP_AREA, chance)


def hard(image: Image, chance: np.random.Generator) -> Image:
    """Return a random window of 40 % of the area, mirrored and in other colours."""
    altered = ImageOps.mirror(window(image, HARD_AREA, chance))
    for enhance in _COLOURS:
        altered = enhance(altered).enhance(chance.uniform(_LEAST, _MOST))
    return altered


def window(image: Image, area: float, chance: np.random.Generator) -> Image:
    """Return a random window of a share of the area, in 0 to 1; at least one pixel wide and high."""
    width, height = (max(1, round(side * sqrt(area))) for side in image.size)
    left, top = (
        int(chance.integers(0, whole - part + 1)) for whole, part in zip(image.size, (width, height), strict=True)
    )
    return image.crop((left, top, left + width, top + height))


ALTERATIONS: Mapping[str, Alteration] = {"crop": crop, "hard": hard}


def chance_of(id: str, alteration: str) -> np.random.Generator:
    """Return the generator of the copy of one picture."""
    return np.random.default_rng(list(hashlib.sha256(f"{alteration} {id}".encode()).digest()))


def altered(image: Image, id: str, alteration: str) -> Image:
    """Return the altered copy of the picture `id`; the name is one of `ALTERATIONS`."""
    return ALTERATIONS[alteration](image, chance_of(id, alteration))
