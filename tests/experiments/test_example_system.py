"""The example of a ladder system in one file, run as its user runs it."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from support.cli_run import TEST, write_scenes
from support.ladder_bench import Bench, write_ladder_files

EXAMPLE = Path(__file__).parents[2] / "examples" / "add_a_system.py"
MAIN, PRODUCT, DOCUMENTS = "LexLIP 24 × 8 bit", "matrix product", TEST + 8
FEW = ("clip=null", "dense=null", "seismic=null", "two_step=null", "tune_split=null", f"rungs=[{DOCUMENTS}]")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("naïve 50% scenes")
    write_scenes(root)
    write_ladder_files(root)
    return Bench(tmp_path_factory.mktemp("ladder"), root)


def example(bench: Bench, *settings: str) -> subprocess.CompletedProcess[str]:
    every = (f"roots.scenes={bench.scenes}", "points=[{top_k: 24}]", *FEW, *settings)
    options = [part for setting in every for part in ("--set", setting)]
    recipe = bench.home / "indexes" / "ladder.yaml"
    return subprocess.run([sys.executable, str(EXAMPLE), str(recipe), *options], capture_output=True, text=True)


def test_a_system_in_one_file_runs_beside_ours_and_finds_what_exact_search_finds(bench: Bench) -> None:
    done = example(bench)
    assert done.returncode == 0, done.stderr
    record = orjson.loads((bench.folder / "report.json").read_bytes())
    systems = record["rungs"][str(DOCUMENTS)]["systems"]
    assert systems[PRODUCT]["quality"] == systems[MAIN]["quality"], "both are exact, and break ties in the same way"
    assert systems[PRODUCT]["index_bytes"] > 0 and systems[PRODUCT]["resident_bytes"] > 10e6
    assert record["settings"]["systems"]["product"] == {}
    [row] = [line for line in done.stdout.splitlines() if line.startswith(PRODUCT)]
    assert f"R@10 {100 * systems[PRODUCT]['quality']['R@10']:5.1f} %" in row
    report = (bench.folder / "report.md").read_text(encoding="utf-8")
    assert f"| {PRODUCT} |" in report and PRODUCT in (bench.folder / "ladder.svg").read_text(encoding="utf-8")


def test_a_setting_that_the_system_does_not_have_is_named_before_any_work(bench: Bench) -> None:
    before = sorted(bench.home.rglob("*"))
    done = example(bench, "systems.product={points: 1}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ladder: systems.product.points: ") and "known keys are point" in done.stderr
    assert sorted(bench.home.rglob("*")) == before
