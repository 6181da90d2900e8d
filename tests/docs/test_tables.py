"""The tables of results: they are those that the recipes, and the record that is kept, give."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from lexlip_lucene.experiments.ladder.report.markdown import differences_table, timing_table
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.results_table import ladder_table, results_table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
RECORD = orjson.loads((ROOT / "indexes" / "flickr8k-ladder.json").read_bytes())


def between(name: str) -> str:
    """Return the table of this name on the page."""
    table = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", PAGE, re.DOTALL)
    assert table is not None
    return table[1]


def test_results_table_is_the_one_the_recipes_give() -> None:
    stale = "stale: put results_table('indexes') between the markers"
    assert between("results") == results_table(ROOT / "indexes"), stale


def test_the_ladders_table_is_the_one_its_recipe_gives() -> None:
    stale = "stale: put ladder_table('indexes/flickr8k-ladder.yaml') between the markers"
    assert between("ladder") == ladder_table(ROOT / "indexes" / "flickr8k-ladder.yaml"), stale


@pytest.mark.parametrize(("name", "table"), [("times", timing_table), ("differences", differences_table)])
def test_a_table_of_the_ladder_is_the_one_of_the_record_that_is_kept(
    name: str, table: Callable[[dict[str, Any]], str]
) -> None:
    stale = f"stale: put {table.__name__} of indexes/flickr8k-ladder.json between the markers"
    assert between(name) == table(RECORD), stale


def test_the_record_that_is_kept_has_the_figures_that_its_recipe_expects() -> None:
    recipe = read_recipe(ROOT / "indexes" / "flickr8k-ladder.yaml", LadderRecipe)
    assert RECORD["settings"]["points"] == [point.name for point in recipe.points]
    compared = 0
    for name, expected in recipe.expect.items():
        if name.rung.isdecimal() and name.system != "mixes" and name.measure.startswith("R@"):
            quality = RECORD["rungs"][name.rung]["systems"][name.system]["quality"]
            assert abs(quality[name.measure] - expected.value) <= expected.tolerance, name
            compared += 1
    assert compared > 200
