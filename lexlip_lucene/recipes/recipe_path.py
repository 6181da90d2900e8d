"""The type of a path in a recipe, relative to the recipe's own folder; in an override, to where the command runs."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationInfo

ROOT = re.compile(r"^\{(\w+)\}(?:/|$)")
"""The beginning of a path that is relative to a root."""


def _from_recipe_folder(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


RecipePath = Annotated[Path, AfterValidator(_from_recipe_folder)]


def path_from_here(value: Any, kind: Any, keys: Sequence[str] = ()) -> Any:
    """Return what an override sets, with every relative path in it made absolute from the current folder.

    Args:
        value: as YAML has it.
        kind: the model or type that has `keys`.
        keys: where below `kind` the value goes. A key that is not known changes nothing: reading refuses it.
    """
    for key in keys:
        kind = _fields_of(kind).get(key)
    if isinstance(value, dict):
        fields = _fields_of(kind)
        return {key: path_from_here(item, fields.get(key)) for key, item in value.items()}
    types = _types_of(kind)
    if isinstance(value, list):
        items = next((get_args(one)[0] for one in types if get_origin(one) is tuple), None)
        return [path_from_here(item, items) for item in value]
    # A Literal beside a path, such as `hub`, is a name; a text such as a hub's owner/model has no path among its types.
    names = [name for one in types if get_origin(one) is Literal for name in get_args(one)]
    if isinstance(value, str) and Path in types and value not in names and not ROOT.match(value):
        return str(Path(value).expanduser().absolute())
    return value


def _fields_of(kind: Any) -> dict[str, Any]:
    """Return name → type, of all models that a value of this type may be."""
    models = [one for one in _types_of(kind) if isinstance(one, type) and issubclass(one, BaseModel)]
    return {name: field.annotation for model in models for name, field in model.model_fields.items()}


def _types_of(kind: Any) -> list[Any]:
    """Return the types that a value may be of: each member of a union, and what `Annotated` is of."""
    if get_origin(kind) is Annotated:
        return _types_of(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [one for member in get_args(kind) for one in _types_of(member)]
    return [kind]
