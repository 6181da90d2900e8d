"""The files of a model folder against the SHA-256 that its config names for each; no torch."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.written import sha256_of

WEIGHTS_FILE = "model.safetensors"

VISUAL_FILE = "visual.safetensors"
"""The visual words of a model that has some (`encoders/visual/visual_file.py`)."""

SCALE = ".scale"
"""The end of the name of a packed matrix's scales (`packed_tensors.py`)."""

SMALLEST = 1 << 16
"""Numbers of a matrix that is worth packing."""


def files_of(folder: Path, *, but: str) -> dict[str, str]:
    """Return name → SHA-256 of each file in `folder` except `but`, the config that is to name them."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != but}


def copy_further(folder: Path, target: Path, files: Mapping[str, str], config: str) -> None:
    """Copy each file that `files` names and `target` lacks from `folder`; arguments and errors as below."""
    for name in files:
        if not (target / name).exists():
            require_as_written(folder, name, files, config)
            shutil.copyfile(folder / name, target / name)


def require_as_written(folder: Path, name: str, files: Mapping[str, str], config: str) -> str:
    """Return the SHA-256 of the file `name`, which must be the one that `files` of `config` says, if it says one.

    Raises:
        ModelError: it is another one, or the file is missing or can't be read.
    """
    path = folder / name
    require_readable(path)
    found = sha256_of(path)
    if files.get(name, found) != found:
        raise ModelError(
            f"{path} does not fit {config} beside it: it is not the file that was written with it (another SHA-256); "
            "take the whole folder from where it came from"
        )
    return found


def require_readable(path: Path) -> None:
    """Raise ModelError when the file of a model is not one of its own, is missing, or can't be read.

    Libraries call all of these "no such file", and read on where a link leads.
    """
    try:
        require_own_file(path)
        path.open("rb").close()
    except FileNotFoundError:
        raise ModelError(f"{path.parent}: {path.name} is missing, so this is not a whole model folder") from None
    except OSError as error:
        raise ModelError(f"can't read {path}: {error.strerror}") from error


def require_own_file(path: Path) -> None:
    """Raise ModelError if `path` is not a regular file, or a link that leaves its folder; OSError as the system does.

    The folder itself may be reached by a link. A cache of the hub, whose files are links to elsewhere, is refused.
    """
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(os.path.realpath(path.parent)):
        raise ModelError(
            f"{path} is a link that leaves the folder, to {real}, and nothing outside is read: put the file itself "
            "there (`cp -rL` copies a folder so)"
        )
    if not real.is_file():
        raise ModelError(
            f"{path} is no regular file, and that is what a model's folder may hold: put the file itself there"
        )
