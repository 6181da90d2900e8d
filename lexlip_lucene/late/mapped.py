"""A part of a file as an array that reads a page of it when it is needed."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mapped(path: Path, kind: np.dtype[Any], count: int, *, offset: int = 0, scattered: bool = False) -> NDArray[Any]:
    """Return `count` values of the file at `path` from byte `offset`, read-only.

    Args:
        path: the file, which is long enough.
        kind: of a value.
        count: of values.
        offset: in bytes.
        scattered: what is read lies anywhere, so the system is to read nothing ahead.
    """
    if not count:
        return np.empty(0, kind)  # no system maps nothing
    with path.open("rb") as file:
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if scattered:
        pages.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(pages, kind, count, offset)
