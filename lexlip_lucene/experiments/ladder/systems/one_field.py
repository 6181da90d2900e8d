"""LexLIP's vectors of an image and of its text in one field of one index."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from lexlip_lucene.experiments.ladder.systems.bm25 import BM25
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe

ONE_FIELD = "one field"


class OneFieldKind(SystemKind):
    """The one field, with a caption's share as it was chosen at the rung."""

    colours: ClassVar[Mapping[str, str]] = {ONE_FIELD: "#e08214"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the system if a share was chosen."""
        if shares is not None:
            yield LexlipSystem(recipe.points[0], ONE_FIELD, caption_share=shares.caption, compared_with=(BM25,))
