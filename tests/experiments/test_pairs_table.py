"""The table of noisy pairs, on pictures small enough for a test: what a run leaves, and that it is resumed."""

from pathlib import Path

import orjson
import pytest
import yaml
from support import tiny
from support.halves import draw, recipe_of, write

from lexlip_lucene.data.pairs.pair_scores import read_pair_scores
from lexlip_lucene.experiments.pairs.report import tables
from lexlip_lucene.experiments.pairs.runs import Runs
from lexlip_lucene.experiments.pairs.table import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    lines = draw(folder)
    write(folder, [*lines, *({**line, "id": f"v{line['id']}", "split": "val"} for line in lines[:10])])
    image = {**tiny.VIT.model_dump(), "frozen": True}
    late = {"width": 8, "epochs": 1, "batch_size": 8}
    recipe = recipe_of(folder, image=image, late=late, training__epochs=1, training__evaluations=1)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe.model_dump(mode="json")), encoding="utf-8")
    run(folder)
    return folder


def run(folder: Path) -> None:
    given = ["--seeds", "0", "--noise", "0.3", "--folds", "2"]
    main([str(folder / "recipe.yaml"), "--output", str(folder / "out"), *given])


def test_each_arm_has_one_run_and_the_filter_its_figures(folder: Path) -> None:
    runs = Runs(folder / "out" / "runs.jsonl").done
    arms = [(record["arm"], record["noise"], record["pairs"]) for record in runs if record["kind"] == "arm"]
    assert arms == [
        ("clean", 0.0, 80),
        ("noisy", 0.3, 80),
        ("filtered", 0.3, 56),
        ("soft", 0.3, 80),
        ("random", 0.3, 56),
        ("oracle", 0.3, 56),
    ]
    (found,) = [record for record in runs if record["kind"] == "filter"]
    assert found["precision"] == pytest.approx(found["recall"]), "as many are dropped as have moved"
    (aucs,) = [record for record in runs if record["kind"] == "auc"]
    assert set(aucs) >= {"lexlip", "late", "both", "maf"}


def test_the_filter_s_figures_are_those_of_its_files(folder: Path) -> None:
    matches = read_pair_scores(folder / "out" / "matches-0.3-0.jsonl")
    truth = read_pair_scores(folder / "out" / "truth-0.3-0.jsonl")
    kept = sorted(matches, key=lambda pair: (-matches[pair].p, -matches[pair].score))[:56]
    dropped = set(matches) - set(kept)
    (found,) = [one for one in Runs(folder / "out" / "runs.jsonl").done if one["kind"] == "filter"]
    assert found["precision"] == pytest.approx(sum(truth[pair].p == 0 for pair in dropped) / 24, abs=1 / 24)


def test_runs_that_have_ended_are_not_done_again(folder: Path) -> None:
    before = (folder / "out" / "runs.jsonl").read_bytes()
    run(folder)
    assert (folder / "out" / "runs.jsonl").read_bytes() == before


def test_the_tables_have_means_and_spreads(folder: Path) -> None:
    record = {"kind": "arm", "arm": "noisy", "noise": 0.3, "R@1": 0.2, "R@5": 0.4, "R@10": 0.5, "pairs": 80}
    text = tables([record, {**record, "R@1": 0.3}])
    assert "| 0.3 | noisy | 80 | 2 | 25.0 ± 7.1 | 40.0 ± 0.0 | 50.0 ± 0.0 |" in text
    lines = (folder / "out" / "runs.jsonl").read_bytes().splitlines()
    assert "| 0.3 | oracle | 56 | 1 |" in tables([orjson.loads(line) for line in lines])
