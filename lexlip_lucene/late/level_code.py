"""Four levels: a number of a unit vector is ±0.453/√width or ±1.510/√width, whichever is nearest.

These are the levels with the least squared error for normally distributed numbers (Max, Quantizing for Minimum
Distortion, IRE Transactions on Information Theory 6, 1960, table I), and so are about those of a unit vector whose
direction is any, as the late head's are.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_INNER, _OUTER = 0.4528, 1.510
_BORDER = (_INNER + _OUTER) / 2
_PLACES = np.arange(4, dtype=np.uint8) * 2


class LevelCode:
    """Two bits a number, 0 to 3 from the lowest level up; four numbers a byte, the first in its lowest bits."""

    name = "int2"

    def bytes_of(self, width: int) -> int:
        """Return a byte for four numbers."""
        return (width + 3) // 4

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, width / 4, rounded up) uint8."""
        border = _BORDER * vectors.shape[1] ** -0.5
        levels = (vectors >= -border).astype(np.uint8) + (vectors >= 0) + (vectors >= border)
        padded = np.pad(levels, ((0, 0), (0, -vectors.shape[1] % 4)))
        quads = padded.reshape(len(vectors), self.bytes_of(vectors.shape[1]), 4)
        return np.asarray((quads << _PLACES).sum(axis=2, dtype=np.uint8))

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, the level of each number; together they are a little shorter than 1."""
        numbers = _levels_of_byte(width).take(coded, axis=0)
        return numbers.reshape(len(coded), 4 * coded.shape[1])[:, :width]


@cache
def _levels_of_byte(width: int) -> NDArray[np.float32]:
    """Return (256, 4) float32: byte → its four levels."""
    levels = np.array([-_OUTER, -_INNER, _INNER, _OUTER], dtype=np.float32) * np.float32(width**-0.5)
    return np.asarray(levels[(np.arange(256)[:, None] >> _PLACES) & 3])
