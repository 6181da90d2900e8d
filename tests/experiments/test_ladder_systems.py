"""The systems that a ladder's recipe asks for at a rung, with their settings, and the registry of kinds."""

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.ladder.requirements import require_names
from lexlip_lucene.experiments.ladder.systems import registry
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25, Bm25System
from lexlip_lucene.experiments.ladder.systems.fused import RRF
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.registry import kinds, register, systems_of
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.experiments.ladder.systems.two_step import TWO_STEP
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

LADDERS = sorted((Path(__file__).parents[2] / "indexes").glob("*-ladder.yaml"))

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


class _Twice(SystemKind):
    key, colours = "twice", {}  # type: ignore[misc]  # it does not say which names it takes

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> list[System]:
        return [Bm25System()]


def test_two_systems_of_one_name_are_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_KINDS", [*kinds(), _Twice()])
    (tmp_path / "few.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = read_recipe(tmp_path / "few.yaml", LadderRecipe, [])
    with pytest.raises(RecipeError, match="two systems of the ladder are called 'BM25'"):
        systems_of(recipe, Rung(cast(Any, None), np.arange(10), tmp_path), None)


class _Kind(SystemKind):
    def __init__(self, key: str | None, *names: str) -> None:
        self.key, self.colours = key, dict.fromkeys(names, "#000000")  # type: ignore[misc]  # of this one only

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> list[System]:
        return []


@pytest.mark.parametrize(
    ("kind", "message"),
    [(_Kind(None, "mine"), "needs a key"), (_Kind("mine", TWO_STEP), "another kind of system has .*in two steps")],
)
def test_a_kind_without_a_key_or_with_a_name_that_is_taken_is_not_registered(kind: SystemKind, message: str) -> None:
    before = kinds()
    with pytest.raises(InputError, match=message):
        register(kind)
    assert kinds() == before


def test_a_system_that_no_kind_has_is_named_with_those_that_are_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_KINDS", [*kinds(), _Kind("product"), _Kind("tf-idf")])
    (tmp_path / "few.yaml").write_text(RECIPE, encoding="utf-8")
    for name, message in (("products", "did you mean 'product'?"), ("x", "known systems are late, product, tf-idf")):
        recipe = read_recipe(tmp_path / "few.yaml", LadderRecipe, [f"systems.{name}={{}}"])
        with pytest.raises(RecipeError, match=re.escape(f"systems: no system {name!r}: {message}")):
            require_names(recipe)


@pytest.mark.parametrize("path", LADDERS, ids=lambda path: path.stem)
def test_a_shipped_ladder_names_only_systems_that_there_are(path: Path) -> None:
    require_names(read_recipe(path, LadderRecipe))


def test_systems_that_share_an_index_name_one_index(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = read_recipe(tmp_path / "few.yaml", LadderRecipe, [])
    systems = systems_of(recipe, Rung(cast(Any, None), np.arange(10), tmp_path), None)
    own = {system.name for system in systems if [index.name for index in system.indexes] == [system.name]}
    others = {system.name: [index.name for index in system.indexes] for system in systems if system.name not in own}
    assert own == {BM25, recipe.main}
    assert others == {TWO_STEP: [recipe.main], RRF: [recipe.main, BM25]}
