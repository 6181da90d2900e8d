"""Signs only: each number is ±1/√width, so that the vector has unit length again; zero counts as positive."""

from functools import cache

import numpy as np
from numpy.typing import NDArray


class SignCode:
    """A bit a number, the first in a byte's lowest bit."""

    name = "sign"

    def bytes_of(self, width: int) -> int:
        """Return a byte for eight numbers."""
        return (width + 7) // 8

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, width / 8, rounded up) uint8."""
        return np.packbits(vectors >= 0, axis=1, bitorder="little")

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, each number ±1/√width."""
        numbers = _numbers_of_byte(width).take(coded, axis=0)
        return numbers.reshape(len(coded), 8 * coded.shape[1])[:, :width]


@cache
def _numbers_of_byte(width: int) -> NDArray[np.float32]:
    """Return (256, 8) float32: byte → 1/√width for each bit that is set, minus that for others, the lowest first."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    return (bits.astype(np.float32) * 2 - 1) * np.float32(width**-0.5)
