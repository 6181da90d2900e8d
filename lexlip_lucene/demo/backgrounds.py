"""The backgrounds behind the objects: each has a colour, with its own grain."""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from lexlip_lucene.demo.scene import SIDE

Canvas = npt.NDArray[np.float64]
"""Pixels (SIDE, SIDE, 3): red, green and blue, 0 to 255."""

HIDDEN = {
    "night": frozenset({"black"}),
    "grass": frozenset({"green"}),
    "sand": frozenset({"yellow"}),
    "water": frozenset({"blue", "turquoise"}),
    "snow": frozenset({"white"}),
    "concrete": frozenset[str](),
    "wood": frozenset({"brown", "orange"}),
}
"""Background → colours too close to it to be seen on it."""

_RGB = {
    "night": (24, 28, 50),
    "grass": (128, 172, 92),
    "sand": (228, 207, 158),
    "water": (88, 146, 196),
    "snow": (232, 238, 244),
    "concrete": (152, 152, 156),
    "wood": (190, 146, 98),
}


def background(name: str, rng: Generator) -> Canvas:
    """Return the picture without any object on it."""
    shade = np.array(_RGB[name]) + rng.normal(0, 5, 3)
    return shade + _grain(name, rng)[:, :, None]


def _grain(name: str, rng: Generator) -> npt.NDArray[np.float64]:
    """Return the grain in steps of brightness, lighter or darker: (SIDE, SIDE)."""
    rows, columns = np.arange(float(SIDE))[:, None], np.arange(float(SIDE))[None, :]
    if name == "night":
        return np.where(rng.random((SIDE, SIDE)) > 0.995, 150.0, 0.0)
    if name == "grass":
        blades = rng.normal(0, 14, (SIDE // 4, SIDE))
        return np.repeat(blades, 4, axis=0)
    if name == "sand":
        return rng.normal(0, 9, (SIDE, SIDE))
    if name == "water":
        waves: npt.NDArray[np.float64] = np.sin(rows * 0.8 + 2 * np.sin(columns * 0.2 + rng.uniform(0, 6)))
        return 14 * waves
    if name == "wood":
        joint = np.where(rows % 16 == rng.integers(16), 45.0, 0.0)
        return np.repeat(rng.normal(0, 5, (SIDE, 1)) - joint, SIDE, axis=1)
    if name == "concrete":
        return rng.normal(0, 3, (SIDE, SIDE)) - np.where(rng.random((SIDE, SIDE)) > 0.97, 18.0, 0.0)
    return np.zeros((SIDE, SIDE))
