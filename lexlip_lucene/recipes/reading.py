"""Reading a recipe: YAML → checked values, with roots, overrides and errors that say what to do.

- A path in a recipe is relative to the recipe's own folder. One that begins with `{name}/` is relative to the
  root of that name in the recipe's `roots`; `--set roots.name=DIR` moves a root, relative to where the command runs.
- An override `--set a.b=value` sets key b of a; the value is read as YAML. Where a recipe has a path there, one that is
  relative is relative to where the command runs, and one that begins with `{name}/` to that root, as above.
- An unknown key is an error that suggests the nearest known one.
"""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.files.written import require_file
from lexlip_lucene.recipes.recipe_path import ROOT, path_from_here

Recipe = TypeVar("Recipe", bound=BaseModel)


def read_recipe(path: Path, kind: type[Recipe], overrides: Sequence[str] = ()) -> Recipe:
    """Read the recipe at `path` as a `kind`.

    Raises:
        RecipeError: not YAML, an unknown key, a value out of range, or an override that is not `key=value`.
    """
    require_file(path, "recipe")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys to values, got {type(values).__name__}")
    for override in overrides:
        _apply(values, override, path, kind)
    values = _resolved(values, _roots(values, path), path)
    try:
        return kind.model_validate(values, context={"folder": path.parent.resolve()})
    except ValidationError as error:
        raise RecipeError(f"{path}: {explained(error, kind)}") from None


def read_settings(kind: type[Recipe], settings: Sequence[str]) -> Recipe:
    """Read settings `key=value` of a part of a recipe, which has no paths, on top of its defaults.

    Raises:
        RecipeError: an unknown key, a value out of range, or a setting that is not `key=value`.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        _apply(values, setting, Path("--set"), kind)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RecipeError(f"--set: {explained(error, kind)}") from None


def _apply(values: dict[str, Any], override: str, path: Path, kind: type[BaseModel]) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set needs key=value, got {override!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {override}: the value is not YAML: {' '.join(str(error).split())}") from None
    *parents, last = key.split(".")
    target = values
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise RecipeError(f"{path}: --set {override}: {parent} is a value, not a group of keys")
    if parents == ["roots"]:
        value = str(Path(text).expanduser().absolute())  # a folder's name is not YAML: it may hold a #
    target[last] = path_from_here(value, kind, key.split("."))


def _roots(values: dict[str, Any], path: Path) -> dict[str, Path]:
    roots = values.get("roots", {})
    if not isinstance(roots, dict) or not all(isinstance(root, str) for root in roots.values()):
        raise RecipeError(f"{path}: roots must map names to folders, got {roots!r}")
    return {name: (path.parent / root).resolve() for name, root in roots.items()}


def _resolved(value: Any, roots: dict[str, Path], path: Path) -> Any:
    """Replace a leading `{root}` in every text below `value`."""
    if isinstance(value, dict):
        return {key: _resolved(item, roots, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, roots, path) for item in value]
    if isinstance(value, str) and (match := ROOT.match(value)):
        if match[1] not in roots:
            raise RecipeError(
                f"{path}: {value}: no root {match[1]!r}; the recipe's roots are {sorted(roots) or 'none'}"
            )
        return str(roots[match[1]] / value[match.end() :])
    return value


def explained(error: ValidationError, kind: type[BaseModel]) -> str:
    """Return one line about what is wrong with values of the type `kind`: the key, what was received, what helps."""
    # A misspelt key that is required makes two errors; the misspelling is the one to name.
    errors = error.errors()
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        word = str(first["loc"][-1])
        known = sorted(_known_keys(kind) - {word})  # a key of another group
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"
        return f"unknown key {place!r}: {hint}"
    if first["type"] == "missing":
        return f"the key {place!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    if isinstance(first["input"], dict):  # a check of several keys, whose message says what was received
        return f"{place}: {message}" if place else message
    return f"{place}: {message}, got {first['input']!r}"


def _known_keys(kind: type[BaseModel]) -> set[str]:
    """Return all field names of `kind` and of the models below it."""
    names: set[str] = set()
    pending: list[Any] = [kind]
    seen: set[Any] = set()
    while pending:
        item = pending.pop()
        if item in seen:
            continue
        seen.add(item)
        if isinstance(item, type) and issubclass(item, BaseModel):
            names |= {field.alias or name for name, field in item.model_fields.items()}
            pending += [field.annotation for field in item.model_fields.values()]
        else:
            pending += list(getattr(item, "__args__", ()))
    return names
