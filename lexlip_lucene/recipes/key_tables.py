"""The keys of all recipes as Markdown, from the specs that check them: `python -m lexlip_lucene.recipes.key_tables`."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.index_recipe import IndexRecipe
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.recipe_path import RecipePath
from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe

RECIPES: dict[str, type[BaseModel]] = {
    "Encoder recipes (`encode/*.yaml`)": EncoderRecipe,
    "Tagger recipes (`encode/*-tagger.yaml`)": TaggerRecipe,
    "Index recipes (`indexes/*.yaml`)": IndexRecipe,
    "Ladders (`indexes/*.yaml` with `system: ladder`)": LadderRecipe,
}

HEAD = """# Recipe keys

A recipe is one YAML file. An unknown key is an error that names the nearest known one. `--set a.b=value` changes any
key. A path is relative to the recipe's folder, in `--set` to where the command runs, or begins with a root that
`--set roots.name=DIR` moves. This page is generated from the specs that check the recipes.
"""


def key_tables() -> str:
    """Return the page: a section a recipe, a table a group of keys."""
    parts = [HEAD]
    for title, recipe in RECIPES.items():
        parts.append(f"\n## {title}\n")
        parts += [_table(name, group) for name, group in _groups(recipe)]
    return "".join(parts)


def _groups(recipe: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each group of keys with its name, a recipe's own before those within it."""
    yield name, recipe
    for key, field in recipe.model_fields.items():
        within = f"{name}.{key}" if name else key
        specs = [part for part in _parts(field.annotation) if inspect.isclass(part) and issubclass(part, BaseModel)]
        for spec in specs:
            kind = spec.model_fields.get("kind")
            yield from _groups(spec, f"{within} (kind: {get_args(kind.annotation)[0]})" if kind else within)


def _parts(annotation: Any) -> list[Any]:
    """Return the types that an annotation is made of: `tuple[PointSpec, ...] | None` → PointSpec and None's."""
    origin = get_origin(annotation)
    if origin is Literal:
        return [annotation]
    if origin is Annotated:
        return _parts(get_args(annotation)[0])
    if origin is None:
        return [annotation]
    return [part for argument in get_args(annotation) if argument is not ... for part in _parts(argument)]


def _table(name: str, group: type[BaseModel]) -> str:
    about, attributes = _docstring(group)
    lines = [f"\n### {name}\n" if name else "", f"\n{about}\n"]
    lines.append("\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
    for name, field in group.model_fields.items():
        key = field.alias or name
        lines.append(f"| `{key}` | {_value(field)} | {_default(field)} | {attributes.get(key, '')} |\n")
    return "".join(lines)


def _docstring(group: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return a spec's docstring without its keys, and key → meaning, of what it inherits as well."""
    meanings: dict[str, str] = {}
    for spec in reversed([spec for spec in group.__mro__ if issubclass(spec, BaseModel) and spec.__doc__]):
        _, _, attributes = inspect.cleandoc(spec.__doc__ or "").partition("\nAttributes:\n")
        for entry in re.split(r"\n(?=    \S)", attributes):
            names, _, text = " ".join(entry.split()).partition(": ")
            meanings |= dict.fromkeys(names.split(", "), text.replace("|", "\\|"))
    return inspect.cleandoc(group.__doc__ or "").partition("\nAttributes:\n")[0].strip(), meanings


def _value(field: FieldInfo) -> str:
    """Return the type of a value in words, and its bounds."""
    names = dict.fromkeys(_name(part) for part in _parts(field.annotation) if part is not type(None))
    outer = {get_origin(one) for one in (field.annotation, *get_args(field.annotation))}
    text = "mapping" if dict in outer else f"list of {' or '.join(names)}" if tuple in outer else " or ".join(names)
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    bounds = [
        f"{sign} {getattr(rule, at)}" for rule in field.metadata for at, sign in signs.items() if hasattr(rule, at)
    ]
    return " ".join([text, ", ".join(bounds)]).strip()


def _name(part: Any) -> str:
    if get_origin(part) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(part))
    if part is RecipePath or part in _parts(RecipePath):
        return "path"
    if inspect.isclass(part) and issubclass(part, BaseModel):
        return "group"
    return {str: "text", int: "integer", float: "number", bool: "true or false"}.get(part, "value")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "its keys' defaults"
    if default in (None, "", (), {}) and default is not False and default != 0:
        return "null" if default is None else "empty"
    if isinstance(default, bool):
        return str(default).lower()
    return f"`{list(default) if isinstance(default, tuple) else default}`"


if __name__ == "__main__":
    print(key_tables(), end="")
