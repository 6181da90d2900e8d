"""The expected figures of a ladder recipe, read from nested keys."""

from pathlib import Path

import pytest
import yaml

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.ladder_expect import FigureName
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

RECIPE = """
name: tiny
system: ladder
captions: captions.jsonl
encoder: encoder.yaml
rungs: [10, 20]
points: [{top_k: 5}]
expect:
"""

EXPECT = """
  source: this run
  topics: {value: 8, tolerance: 0}
  10:
    LexLIP + BM25, RRF:
      R@1: {value: 0.25, tolerance: 0.01}
      R@7: {value: 0.75, tolerance: 0.01, source: another run}
  20:
    mixes:
      source: a claim
      postings: {value: 1, tolerance: 0.1}
  30:
    BM25:
      bytes: {value: 77, tolerance: 7}
  i2t:
    dense, flat: {MRR@10: {value: 0.5, tolerance: 0.01}}
"""


def read(tmp_path: Path, expect: str, *overrides: str) -> LadderRecipe:
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE + expect, encoding="utf-8")
    return read_recipe(path, LadderRecipe, overrides)


def test_every_figure_has_its_parts_its_name_as_text_and_the_nearest_source(tmp_path: Path) -> None:
    expect = read(tmp_path, EXPECT).expect
    assert {tuple(name): (figure.value, figure.tolerance, figure.source) for name, figure in expect.items()} == {
        ("", "", "topics"): (8, 0, "this run"),
        ("10", "LexLIP + BM25, RRF", "R@1"): (0.25, 0.01, "this run"),
        ("10", "LexLIP + BM25, RRF", "R@7"): (0.75, 0.01, "another run"),
        ("20", "mixes", "postings"): (1, 0.1, "a claim"),
        ("30", "BM25", "bytes"): (77, 7, "this run"),
        ("i2t", "dense, flat", "MRR@10"): (0.5, 0.01, "this run"),
    }
    assert str(FigureName("", "", "topics")) == "topics"
    assert str(FigureName("10", "LexLIP + BM25, RRF", "R@1")) == "10 LexLIP + BM25, RRF R@1"


def test_figures_of_rungs_beyond_the_last_are_not_asked_for(tmp_path: Path) -> None:
    recipe = read(tmp_path, EXPECT)
    assert set(recipe.asked_figures()) == {str(name) for name in recipe.expect if name.rung != "30"}
    assert "30 BM25 bytes" in read(tmp_path, EXPECT, "rungs=[10, 30]").asked_figures()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["topic"], {}, "no rung 'topic': did you mean 'topics'?"),
        (["thousand"], {}, "no rung 'thousand': a rung is a number of documents, beside topics, i2t"),
        ([10, "BM25"], 0.5, "10.BM25: a group of keys is needed, got 0.5"),
        ([10, "BM25"], {"r@10": {}}, "10.BM25: no measure 'r@10': did you mean 'R@10'?"),
        ([10, "BM25"], {"byte": {}}, "10.BM25: no measure 'byte': did you mean 'bytes'?"),
        ([20, "mixes"], {"R@1": {}}, "20.mixes: no measure 'R@1': known are postings, frequency"),
        ([20], [1], r"20: a group of keys is needed, got \[1\]"),
        ([10, "BM25"], {"R@1": {"value": 0.5, "tolerance": -1}}, "expect.10.BM25.R@1.tolerance: .* got -1"),
    ],
)
def test_a_key_that_has_no_place_is_named_with_the_nearest_that_has(
    path: list[object], value: object, message: str, tmp_path: Path
) -> None:
    expect = yaml.safe_load(EXPECT)
    *parents, last = path
    group = expect
    for parent in parents:
        group = group.setdefault(parent, {})
    group[last] = value
    (tmp_path / "tiny.yaml").write_text(RECIPE.strip() + " " + yaml.safe_dump(expect, default_flow_style=True))
    with pytest.raises(RecipeError, match=f"tiny.yaml: .*{message}"):
        read_recipe(tmp_path / "tiny.yaml", LadderRecipe)


def test_a_figure_without_any_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"the key 'expect\.topics\.source' is missing"):
        read(tmp_path, "  topics: {value: 8, tolerance: 0}\n")
