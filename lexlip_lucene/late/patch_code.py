"""Patch codes: a patch's unit vector as bytes.

| name | bytes for 128 numbers | kept |
| --- | --- | --- |
| float16 | 256 | each number, in half precision |
| int8 | 130 | each number as one of 255 steps between plus and minus the vector's largest |
| int4 | 66 | each number as one of 15 such steps, two numbers a byte |
| int2 | 32 | each number as one of four levels, four numbers a byte |
| sign | 16 | the sign of each number |

Bytes are little-endian on every machine.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.level_code import LevelCode
from lexlip_lucene.late.sign_code import SignCode
from lexlip_lucene.late.step_codes import Int4Code, Int8Code


class PatchCode(Protocol):
    """A code of unit vectors."""

    @property
    def name(self) -> str:
        """The name in a store's manifest."""
        ...

    def bytes_of(self, width: int) -> int:
        """Return the bytes of one vector of `width` numbers."""
        ...

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, `bytes_of(width)`) uint8 for `vectors`, (n, width) float32 of unit length; n may be 0."""
        ...

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, about what was encoded, for `coded`, (n, `bytes_of(width)`) uint8."""
        ...


class Float16Code:
    """Half precision."""

    name = "float16"

    def bytes_of(self, width: int) -> int:
        """Return two bytes a number."""
        return 2 * width

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return (n, 2 × width) uint8."""
        return np.ascontiguousarray(vectors, dtype="<f2").view(np.uint8)

    def decode(self, coded: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
        """Return (n, width) float32, each number within 2⁻¹¹ of itself, or 2⁻²⁵ if that is more."""
        return np.ascontiguousarray(coded).view("<f2").astype(np.float32).reshape(len(coded), width)


_ALL: tuple[PatchCode, ...] = (Float16Code(), Int8Code(), Int4Code(), LevelCode(), SignCode())
_CODES = {code.name: code for code in _ALL}

PATCH_CODES = tuple(_CODES)
"""The names of all codes, the largest first."""


def patch_code(name: str) -> PatchCode:
    """Return the code of that name.

    Raises:
        InputError: there is none.
    """
    if name not in _CODES:
        raise InputError(f"a patch code is one of {', '.join(PATCH_CODES)}, got {name!r}")
    return _CODES[name]
