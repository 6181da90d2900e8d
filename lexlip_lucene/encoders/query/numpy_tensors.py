"""Tensors of a model's file as numpy arrays, without torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from lexlip_lucene.encoders.model.model_files import require_readable
from lexlip_lucene.errors import ModelError


def numpy_tensors(path: Path, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Read the tensors of these names and shapes.

    Raises:
        ModelError: the file can't be read, lacks one of them, or has one of another shape.
    """
    require_readable(path)
    try:
        with safe_open(path, framework="numpy") as tensors:
            found: dict[str, NDArray[Any]] = {name: tensors.get_tensor(name) for name in wanted}
    except SafetensorError as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path} does not fit config.json beside it: {reason}") from None
    for name, shape in wanted.items():
        if found[name].shape != shape:
            numbers = " × ".join(map(str, shape))
            raise ModelError(
                f"{path} does not fit config.json beside it: {name} of {numbers} numbers is needed, "
                f"got shape {found[name].shape}"
            )
    return found
