"""The series of arms and seeds, on a training set of a few pictures."""

from pathlib import Path

import pytest
import yaml
from support.halves import draw, recipe_of, write

from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.relations import ablation, step
from lexlip_lucene.experiments.relations.ablation import Ran, read_runs, table


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    values = recipe_of(write(folder, draw(folder))).model_dump(mode="json")
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


PARTS = ["--relations", "{from: 0, width: 32, heads: 4}", "--neighbours", "{from: 0, photos: 2, cluster_size: 8}"]


def test_a_series_that_was_stopped_runs_only_what_is_missing(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs.jsonl"
    asked = [str(recipe), "--split", "train", "--runs", str(runs), *PARTS]
    ablation.main([*asked, "--seeds", "1", "--arms", "base,permuted"])
    first = runs.read_bytes()
    ablation.main([*asked, "--seeds", "2"])
    assert runs.read_bytes().startswith(first)
    done = read_runs(runs)
    assert {(ran.arm, ran.seed) for ran in done} == {
        (arm, seed) for arm in ("base", "neighbours", "relations", "both", "permuted") for seed in (0, 1)
    }
    assert len(done) == 10
    assert all(0 <= ran.recall["R@1"] <= ran.recall["R@10"] <= 1 for ran in done)
    assert "| both | 2 |" in capsys.readouterr().out


def test_an_unknown_arm_is_named(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"arms: base, neighbours, .* are known, got 'more'"):
        ablation.main([str(recipe), "--split", "train", "--runs", str(tmp_path / "runs"), "--arms", "more"])


def test_the_table_has_means_and_standard_deviations_of_the_seeds() -> None:
    runs = [
        Ran(arm, seed, {"R@1": 0.10 + 0.02 * seed, "R@5": 0.3, "R@10": 0.4}, {}, 1.0, cpu * (1 + seed), 8, 8)
        for arm, cpu in (("base", 2.0), ("both", 3.0))
        for seed in (0, 1)
    ]
    lines = table(runs).splitlines()
    assert lines[2] == "| base | 2 | 11.00 ± 1.41 | 30.00 ± 0.00 | 40.00 ± 0.00 | 1.00 × |"
    assert lines[3].endswith("| 1.50 × |")


def test_the_cost_of_a_step_is_printed_beside_a_plain_one(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step.main([str(recipe), "--steps", "2", *PARTS[:2]])
    plain, relations, ratio = capsys.readouterr().out.splitlines()
    assert plain.startswith("plain: ") and relations.startswith("relations: ") and ratio.startswith("ratio: ")
