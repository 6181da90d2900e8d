"""Codes in equal steps: a number is a whole number of steps, and the largest of its vector takes all steps there are.

A vector's first two bytes are that largest magnitude, in half precision and rounded up so that no number is beyond it.
The vector (0.6, −0.8) in 8 bits: largest 0.8, step 0.8 / 127, steps 95 and −127.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_LARGEST_BYTES = 2


class Int8Code:
    """Steps from −127 to 127, a byte each."""

    name = "int8"
    steps = 127

    def bytes_of(self, width: int) -> int:
        """Return a byte a number, and two for the largest."""
        return _LARGEST_BYTES + width

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, 2 + width) uint8."""
        largest, steps = _in_steps(vectors, self.steps)
        return np.hstack([largest, steps.view(np.uint8)])

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, each number within half a step of itself."""
        steps = coded[:, _LARGEST_BYTES:].view(np.int8)
        return np.multiply(steps, _step_length(coded, self.steps), dtype=np.float32)


class Int4Code:
    """Steps from −7 to 7, two numbers a byte: the first in its lower half, the second in its upper half."""

    name = "int4"
    steps = 7

    def bytes_of(self, width: int) -> int:
        """Return a byte for two numbers, and two for the largest."""
        return _LARGEST_BYTES + (width + 1) // 2

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, 2 + width / 2, rounded up) uint8."""
        largest, steps = _in_steps(vectors, self.steps)
        halves = (steps + 8).astype(np.uint8)
        if halves.shape[1] % 2:
            halves = np.pad(halves, ((0, 0), (0, 1)), constant_values=8)
        return np.hstack([largest, halves[:, ::2] | halves[:, 1::2] << 4])

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, each number within half a step of itself."""
        steps = _steps_of_byte().take(coded[:, _LARGEST_BYTES:]).view(np.int8)[:, :width]
        return np.multiply(steps, _step_length(coded, self.steps), dtype=np.float32)


@cache
def _steps_of_byte() -> NDArray[np.uint16]:
    """Return (256,) uint16: byte → the steps in its lower and its upper half, two int8 in one value.

    Values that are taken one by one come ten times as fast as rows of two.
    """
    byte = np.arange(256)
    return (np.stack([byte & 15, byte >> 4], axis=1) - 8).astype(np.int8).view(np.uint16)[:, 0]


def _in_steps(vectors: NDArray[np.float32], steps: int) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Return each vector's largest magnitude as bytes, (n, 2), and its numbers in steps, (n, width)."""
    exact = np.abs(vectors).max(axis=1, keepdims=True)
    near = exact.astype("<f2")
    largest = np.where(near < exact, np.nextafter(near, np.float16(np.inf)), near).astype("<f2")
    scaled = vectors / np.maximum(largest.astype(np.float32), np.finfo(np.float32).tiny) * steps
    return largest.view(np.uint8), np.rint(scaled).astype(np.int8)


def _step_length(coded: NDArray[np.uint8], steps: int) -> NDArray[np.float32]:
    """Return (n, 1) float32: the length of a step of each vector."""
    largest = np.ascontiguousarray(coded[:, :_LARGEST_BYTES]).view("<f2").astype(np.float32)
    return np.asarray(largest / np.float32(steps), dtype=np.float32)
