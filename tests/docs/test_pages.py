"""What the README promises is there: its table comes from the recipes, its verbs, commands and pictures exist."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.main import get_command

from lexlip_lucene.cli.main import app
from lexlip_lucene.experiments.ladder.report.markdown import differences_table, timing_table
from lexlip_lucene.recipes.ladder_expect import FigureName
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.results_table import ladder_table, results_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_results_table_is_the_one_the_recipes_give() -> None:
    table = re.search(r"<!-- results -->\n(.*?)<!-- end of results -->", README, re.DOTALL)
    assert table is not None
    assert table[1] == results_table(ROOT / "indexes"), "stale: put results_table('indexes') between the markers"


def test_the_ladders_table_is_the_one_its_recipe_gives() -> None:
    table = re.search(r"<!-- ladder -->\n(.*?)<!-- end of ladder -->", README, re.DOTALL)
    assert table is not None
    expected = ladder_table(ROOT / "indexes" / "flickr8k-ladder.yaml")
    assert table[1] == expected, "stale: put ladder_table('indexes/flickr8k-ladder.yaml') between the markers"


@pytest.mark.parametrize(("name", "table"), [("times", timing_table), ("differences", differences_table)])
def test_a_table_of_the_ladder_is_the_one_of_the_record_that_is_kept(
    name: str, table: Callable[[dict[str, Any]], str]
) -> None:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", README, re.DOTALL)
    assert found is not None
    record = orjson.loads((ROOT / "indexes" / "flickr8k-ladder.json").read_bytes())
    assert found[1] == table(record), f"stale: put {table.__name__} of indexes/flickr8k-ladder.json between the markers"


def test_the_record_that_is_kept_has_the_figures_that_its_recipe_expects() -> None:
    record = orjson.loads((ROOT / "indexes" / "flickr8k-ladder.json").read_bytes())
    recipe = read_recipe(ROOT / "indexes" / "flickr8k-ladder.yaml", LadderRecipe)
    assert record["settings"]["points"] == [point.name for point in recipe.points]
    for documents, rung in record["rungs"].items():
        for name, system in rung["systems"].items():
            expected = recipe.expect.get(FigureName(documents, name, "R@10"))
            if expected is not None:
                assert abs(system["quality"]["R@10"] - expected.value) <= expected.tolerance, (documents, name)


def test_every_verb_is_in_the_readme() -> None:
    verbs = getattr(get_command(app), "commands")  # noqa: B009  # Typer's own copy of click has no public type
    assert verbs
    for name in verbs:
        assert f"lexlip {name}" in README, f"README.md does not speak of `lexlip {name}`"


def test_every_recipe_in_the_readme_exists() -> None:
    named = set(re.findall(r"(?:encode|indexes)/[\w-]+\.yaml", README))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_ci_finds_the_test_command() -> None:
    command = re.search(r"<!-- test command -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert command is not None
    assert "tests/check" in command[1]


def test_every_picture_in_the_readme_exists() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if not (ROOT / name).is_file()] == []
