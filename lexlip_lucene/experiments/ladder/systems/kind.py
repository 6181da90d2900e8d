"""A kind of system: the one thing that `registry.py` lists of a system's file."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import ValidationError

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.model_spec import Spec

Setting = TypeVar("Setting", bound=Spec)


class SystemKind(ABC):
    """The systems of one file: which of them a recipe asks for, what they need, and how a report shows them."""

    key: ClassVar[str | None] = None
    """The key of the kind's settings in a recipe's `systems`; None if the recipe has another key for them."""

    spec: ClassVar[type[Spec]] = Spec
    """The settings below `key`."""

    colours: ClassVar[Mapping[str, str]] = {}
    """Name in tables → colour in pictures, of all systems of this kind; LexLIP's points have shades of their own."""

    @abstractmethod
    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterable[System]:
        """Yield the systems that the recipe asks for at a rung, in the order of the tables.

        Args:
            recipe: the ladder.
            rung: the documents.
            shares: the shares chosen at this rung; None if the recipe has no photos to choose them on.
        """

    def packages(self, recipe: LadderRecipe) -> Mapping[str, str]:
        """Return the optional packages that the recipe's systems need: key of the recipe → name to import."""
        return {}

    def require(self, recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
        """Check the recipe's settings, and what they need of its encoder, before any work.

        Raises:
            RecipeError: a setting is wrong, or the encoder does not have what the systems need.
        """
        if self.key is not None:
            setting_of(recipe, self.key, self.spec)

    def recorded(self, recipe: LadderRecipe) -> Mapping[str, Any]:
        """Return the settings for the record that are not in the recipe: key → setting."""
        return {}

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the report's lines on settings, from a record's `settings`: label → setting; None is left out."""
        return {} if self.key is None else {self.key: settings.get("systems", {}).get(self.key)}


def setting_of(recipe: LadderRecipe, key: str, spec: type[Setting]) -> Setting | None:
    """Return the settings below `key` in the recipe's `systems`; None if the recipe does not name it, or sets null.

    Raises:
        RecipeError: the settings are not those of a `spec`.
    """
    if recipe.systems.get(key) is None:
        return None
    try:
        return spec.model_validate(recipe.systems[key])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(["systems", key, *map(str, first["loc"])])
        known = ", ".join(spec.model_fields) or "none"
        raise RecipeError(
            f"{recipe.name}: {place}: {first['msg']}, got {first['input']!r}; known keys are {known}"
        ) from None
