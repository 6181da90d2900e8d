"""A model by its name: a folder that is there wins, then a model that comes with the package.

No torch here: a command finds its model before anything heavy is loaded.
"""

from pathlib import Path

import orjson

from lexlip_lucene.errors import ModelError

HOME = Path(__file__).parent

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"

PHOTOS, PHOTOS_FAST = "photos", "photos-fast"
"""The models for one's own photos: the first looks at a photo several times, the second once."""


def shipped_models() -> list[str]:
    """Return the names of the models that come with the package."""
    return sorted(config.parent.name for config in HOME.glob(f"*/{CONFIG_FILE}"))


def model_folder(model: str | Path) -> Path:
    """Return the folder of `model`: itself if it exists, or the shipped model of that name.

    Raises:
        ModelError: there is neither; it lists the names of the models that come with the package.
    """
    folder = Path(model)
    if not _is_missing(folder):
        return folder
    names = shipped_models()
    if str(model) in names:
        return HOME / str(model)
    raise ModelError(
        f"model: a model folder with {CONFIG_FILE} and {WEIGHTS_FILE} is needed, but there is no such folder: "
        f"{folder}; the models that come with the package: {', '.join(names) or 'none'}"
    )


def _is_missing(folder: Path) -> bool:
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name that no folder can have
        return True
    except OSError:  # reading it says why
        return False
    return False


def name_of(folder: Path) -> str:
    """Return the name by which the model in `folder` is found from anywhere: a shipped one's own, else its path."""
    return folder.name if folder.parent == HOME else str(folder.absolute())


def shipped_model_of(model_sha256: str | None) -> Path | None:
    """Return the folder of the shipped model whose weights have this SHA-256; None if there is none."""
    for name in shipped_models():
        files = orjson.loads((HOME / name / CONFIG_FILE).read_bytes()).get("files", {})
        if model_sha256 is not None and files.get(WEIGHTS_FILE) == model_sha256:
            return HOME / name
    return None
