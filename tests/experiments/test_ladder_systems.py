"""Which systems a ladder's recipe asks for at a rung, and with which settings."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.registry import systems_of
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.two_step import TWO_STEP
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

RECIPE = """
name: few
system: ladder
captions: captions.jsonl
encoder: encoder.yaml
rungs: [10, 1000]
points: [{top_k: 24}]
two_step: {postings_per_document: 0.6, candidates: 7}
"""


@pytest.mark.parametrize(("documents", "postings"), [(1, 1), (10, 6), (1000, 600), (1_000_000, 600_000)])
def test_two_steps_look_at_as_many_postings_for_each_document_at_every_rung(
    documents: int, postings: int, tmp_path: Path
) -> None:
    (tmp_path / "few.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = read_recipe(tmp_path / "few.yaml", LadderRecipe, [])
    rung = Rung(cast(Any, None), np.arange(documents), tmp_path)
    systems = systems_of(recipe, rung, None)
    places = {system.name: rung.index_folder(index.name) for system in systems for index in system.indexes}
    [found] = [system for system in systems if system.name == TWO_STEP]
    assert isinstance(found, LexlipSystem)
    assert found.approximate == Approximation(postings=postings, candidates=7)
    assert places[TWO_STEP] == tmp_path / "lexlip-24-8-bit", "it searches the index of the exact system"
