"""The shipped ladder on the demo's scenes, held to the figures that it expects: what a change breaks shows here."""

import shutil
from pathlib import Path

from cli_run import done

from lexlip_lucene.demo.demo import CAPTIONS, TEST_SCENES, TRAIN_SCENES
from lexlip_lucene.demo.scenes import make_scenes, write_scenes
from lexlip_lucene.progress import SILENT

TOP = Path(__file__).parents[1]


def test_the_ladder_on_scenes_has_the_figures_that_its_recipe_expects(tmp_path: Path) -> None:
    """Everything is made here: the scenes that `lexlip demo` draws, the model, indexes, figures."""
    scenes = make_scenes(train=TRAIN_SCENES, test=TEST_SCENES, captions=CAPTIONS, seed=0)
    write_scenes(tmp_path / "scenes", scenes, SILENT)
    for recipe in ("encode/scenes.yaml", "indexes/scenes-ladder.yaml"):
        (tmp_path / recipe).parent.mkdir()
        shutil.copy(TOP / recipe, tmp_path / recipe)
    roots = ("--set", f"roots.scenes={tmp_path / 'scenes'}")
    quick = ("--set", "timing.repeats=1", "--set", "timing.topics=20")
    record = done("bench", tmp_path / "indexes" / "scenes-ladder.yaml", *roots, *quick)
    assert record["expected"] and all(figure["holds"] for figure in record["expected"])
