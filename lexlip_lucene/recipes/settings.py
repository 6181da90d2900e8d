"""A recipe as text: what a fingerprint of what it built is made of."""

from pathlib import Path

import orjson
from pydantic import BaseModel


def settings_of(recipe: BaseModel, leave_out: set[str], *, by_name: bool = False) -> str:
    """The recipe as text, without what does not change its result; paths by file name where data may move."""
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
