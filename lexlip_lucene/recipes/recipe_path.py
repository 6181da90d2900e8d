"""The type of a path in a recipe: relative to the recipe's own folder."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def _from_recipe_folder(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


RecipePath = Annotated[Path, AfterValidator(_from_recipe_folder)]
