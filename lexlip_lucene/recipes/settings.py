"""A recipe as text, and the content of what it names: what a fingerprint of what it built is made of."""

from pathlib import Path

import orjson
from pydantic import BaseModel

from lexlip_lucene.files.written import sha256_of


def settings_of(recipe: BaseModel, leave_out: set[str], *, by_name: bool = False) -> str:
    """Return the recipe as text, without what does not change its result; paths by file name where data may move."""
    values = recipe.model_dump(mode="json", exclude={"expect", "roots", "about", *leave_out})
    text = orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
    if by_name:
        text = orjson.dumps(_by_name(values), option=orjson.OPT_SORT_KEYS).decode()
    return text


def _by_name(value: object) -> object:
    if isinstance(value, dict):
        return {key: _by_name(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_name(item) for item in value]
    # A path is absolute by now, unlike a name on a hub, whose owner matters.
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def contents_of(recipe: BaseModel) -> list[str]:
    """Return a sha256 for every file that the recipe names: captions, weights, word pieces, a model's own two files.

    Pictures are known by the file that lists them. A missing file is left out: its reader says so.
    """
    paths = _paths(recipe.model_dump(mode="python", exclude={"roots"}))
    files = [file for path in paths for file in ([path / name for name in _OF_A_MODEL] if path.is_dir() else [path])]
    return [sha256_of(file) for file in files if file.is_file()]


_OF_A_MODEL = ("config.json", "model.safetensors")


def _paths(value: object) -> list[Path]:
    if isinstance(value, dict):
        return [path for item in value.values() for path in _paths(item)]
    if isinstance(value, list | tuple):
        return [path for item in value for path in _paths(item)]
    # A teacher may be a name on a hub or a folder, so a text that is an absolute path counts as one.
    return [Path(value)] if isinstance(value, Path | str) and Path(value).is_absolute() else []
