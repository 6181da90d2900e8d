"""A part of a file as an array that reads a page of it when it is needed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mapped(path: Path, kind: np.dtype[Any], count: int, *, offset: int = 0) -> NDArray[Any]:
    """Return `count` values of the file at `path` from byte `offset`, read-only."""
    if not count:
        return np.empty(0, kind)  # no system maps nothing
    # A plain array: slicing a `memmap` costs ten times as much.
    return np.asarray(np.memmap(path, dtype=kind, mode="r", offset=offset, shape=(count,)))
