"""Tensors kept in a safetensors file: written whole, and read with errors that name the file.

The library's own errors say "no such file" of one that may not be read, and are not errors of the system.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_path


def put_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors at `path`; OSError where the system can't."""
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:
        raise OSError(" ".join(str(error).split())) from error


def keep_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors so that `path` is whole or not there.

    Raises:
        OutputError: the system can't write it.
    """
    with written_path(path) as partial:
        put_tensors(tensors, partial)


def kept_tensors(path: Path, *, device: str = "cpu") -> dict[str, Tensor]:
    """Read what `keep_tensors` wrote.

    Raises:
        InputError: the file can't be read, or is damaged.
    """
    try:
        path.open("rb").close()
        found: dict[str, Tensor] = load_file(path, device=device)
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is no safetensors file that can be read ({reason}): remove it") from None
    return found
