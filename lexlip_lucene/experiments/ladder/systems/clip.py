"""CLIP's dense vectors in faiss: flat and exact, and HNSW.

A mix is made of another backbone's states, so CLIP is only at rungs that hold nothing but photos.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lexlip_lucene.experiments.ladder.systems.dense import DenseSystem
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe

CLIP_FLAT, CLIP_HNSW = "CLIP, flat", "CLIP, HNSW"

CLIP = "clip"
"""The source of CLIP's vectors."""


class ClipKind(SystemKind):
    """The indexes that a recipe's `clip` sets."""

    colours: ClassVar[Mapping[str, str]] = {CLIP_FLAT: "#7b3f00", CLIP_HNSW: "#b5651d"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the flat index, then HNSW if the recipe sets it."""
        if recipe.clip is not None and rung.documents <= rung.store.facts["photos"]:
            yield DenseSystem(CLIP_FLAT, source=CLIP)
            if recipe.clip.hnsw is not None:
                yield DenseSystem(CLIP_HNSW, hnsw=recipe.clip.hnsw, source=CLIP)

    def packages(self, recipe: LadderRecipe) -> Mapping[str, str]:
        """Return faiss."""
        return {} if recipe.clip is None else {"clip": "faiss"}

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return CLIP's line."""
        return {"CLIP": settings["clip"]}
