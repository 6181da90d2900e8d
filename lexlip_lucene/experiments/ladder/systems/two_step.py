"""LexLIP's approximate search, in two steps, over the index of the first operating point."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe

TWO_STEP = "LexLIP in two steps"


class TwoStepKind(SystemKind):
    """The approximate search that a recipe's `two_step` sets."""

    colours: ClassVar[Mapping[str, str]] = {TWO_STEP: "#17becf"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the system if the recipe sets it: as many postings for each document at every rung."""
        if recipe.two_step is not None:
            postings = min(max(round(recipe.two_step.postings_per_document * rung.documents), 1), EVERYTHING)
            approximate = Approximation(postings=postings, candidates=recipe.two_step.candidates)
            yield LexlipSystem(recipe.points[0], TWO_STEP, approximate)

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the line on both steps."""
        return {"two steps": settings["two_step"]}
