"""`lexlip bench`: builds what is missing, keeps what is up to date, and fails when a figure is not as expected."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.cli_run import CAPTIONS, RECIPE, TEST, TRAIN, Job, Ran, copied, lexlip, whole_job

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.evaluate.fuse import reciprocal_rank_fusion
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import read_run
from lexlip_lucene.experiments.recipe_run import Comparison

COMMON = """
roots: {scenes: ../nowhere}
captions: "{scenes}/légendes 100%.jsonl"
split: test
"""
RECIPES = {
    "encode/tiny.yaml": RECIPE.replace("{scenes: .}", "{scenes: ../nowhere}"),
    "indexes/t2i.yaml": COMMON + "name: t2i\nsystem: lexlip\nencoder: ../encode/tiny.yaml\nheld_out: 1\ntop_k: 20\n",
    "indexes/i2t.yaml": COMMON + "name: i2t\nsystem: lexlip\nencoder: ../encode/tiny.yaml\ndirection: i2t\n",
    "indexes/bm25.yaml": COMMON + "name: bm25\nsystem: bm25\nheld_out: 1\n",
    "indexes/both.yaml": "name: both\nsystem: rrf\nfuses: [t2i.yaml, bm25.yaml]\n",
    "indexes/unlike.yaml": "name: unlike\nsystem: rrf\nfuses: [i2t.yaml, bm25.yaml]\n",
}


class Bench:
    """Recipes in a folder of their own, over the scenes of the job, which only `--set roots.scenes` leads to."""

    def __init__(self, home: Path, scenes: Path) -> None:
        self.home, self.scenes = home, scenes
        for name, text in RECIPES.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(text, encoding="utf-8")

    def run(self, name: str, *settings: str, scenes: Path | None = None) -> Ran:
        options = [part for setting in settings for part in ("--set", setting)]
        roots = ("--set", f"roots.scenes={scenes or self.scenes}")
        return lexlip("bench", self.home / "indexes" / f"{name}.yaml", *roots, *options, "--json")

    def folder(self, name: str) -> Path:
        return self.home / "indexes" / name


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def bench(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """With all that the fused recipe needs built by one run of it."""
    bench = Bench(tmp_path_factory.mktemp("bench"), job.root)
    ran = bench.run("both")
    assert ran.status == 0 and "up to date" not in ran.err
    return bench


def expecting(value: float, tolerance: float = 0.01, measure: str = "R@5") -> str:
    return f"expect.{measure}={{value: {value}, tolerance: {tolerance}, source: a test}}"


def test_one_run_of_the_fused_recipe_builds_model_indexes_and_runs(bench: Bench) -> None:
    assert (bench.home / "encode" / "tiny" / "model" / "model.safetensors").is_file()
    for name in ("t2i", "bm25"):
        assert {"built.json", "index", "run.txt", "topics"} <= {path.name for path in bench.folder(name).iterdir()}


def test_the_fused_run_is_the_fusion_of_the_two(bench: Bench) -> None:
    runs = [read_run(bench.folder(name) / "run.txt") for name in ("t2i", "bm25")]
    assert read_run(bench.folder("both") / "run.txt") == reciprocal_rank_fusion(runs)


def test_a_second_run_builds_nothing_and_searches_again(bench: Bench) -> None:
    def times() -> dict[Path, int]:
        built = [path for path in bench.folder("t2i").rglob("*") if path.is_file() and path.name != "run.txt"]
        return {path: path.stat().st_mtime_ns for path in built}

    before, run = times(), bench.folder("t2i") / "run.txt"
    kept = run.read_bytes()
    run.unlink()
    first, second = bench.run("t2i"), bench.run("t2i")
    assert run.read_bytes() == kept
    assert f"t2i: the index in {bench.folder('t2i')} is up to date" in first.err.splitlines()
    assert f"tiny: model {bench.home / 'encode' / 'tiny' / 'model'} is up to date" in first.err.splitlines()
    assert first.out == second.out and times() == before


def test_the_record_has_the_figures_of_the_run(bench: Bench) -> None:
    record = bench.run("t2i").record
    folder = bench.folder("t2i")
    assert record["name"] == "t2i" and record["folder"] == str(folder) and record["expected"] == []
    assert record["topics"] == TEST * (CAPTIONS - 1) and record["index_bytes"] > 0
    assert record["figures"] == evaluate(read_qrels(folder / "topics" / "qrels.txt"), read_run(folder / "run.txt"))


def test_image_to_text_is_run_too(bench: Bench) -> None:
    record = bench.run("i2t").record
    run = read_run(bench.folder("i2t") / "run.txt")
    # One of the images is missing: its topic counts in the figures but has no hits.
    assert record["topics"] == TEST and len(run) == TEST - 1
    assert all(qid.endswith("#img") for qid in run)
    assert record["figures"]["R@10"] <= (TEST - 1) / TEST


@pytest.mark.parametrize("off", [0.011, -0.011], ids=["below what is expected", "above what is expected"])
def test_a_figure_off_by_more_than_the_tolerance_fails_and_is_named(off: float, bench: Bench) -> None:
    figures: dict[str, float] = bench.run("t2i").record["figures"]
    ran = bench.run("t2i", expecting(figures["R@5"] + off), expecting(figures["R@10"], measure="R@10"))
    assert ran.status == 1
    (compared, other) = ran.record["expected"]
    assert (compared["measure"], compared["holds"], other["holds"]) == ("R@5", False, True)
    said = f"R@5 is {100 * figures['R@5']:.2f}, expected {100 * (figures['R@5'] + off):.2f} ± 1.00"
    recipe = bench.home / "indexes" / "t2i.yaml"
    assert ran.err.splitlines()[-1] == f"error: {recipe}: not what the recipe expects within its tolerance: {said}"


@pytest.mark.parametrize("off", [0.0, 0.009, -0.009])
def test_a_figure_within_the_tolerance_passes(off: float, bench: Bench) -> None:
    ran = bench.run("t2i", expecting(bench.run("t2i").record["figures"]["R@5"] + off))
    assert ran.status == 0 and ran.record["expected"][0]["holds"] is True


def test_a_tolerance_is_met_exactly_in_spite_of_floating_point() -> None:
    assert 0.10 - 0.09 > 0.01
    assert Comparison("R@1", 0.10, 0.09, 0.01, "").holds and Comparison("R@1", 0.09, 0.10, 0.01, "").holds
    assert not Comparison("R@1", 0.1001, 0.09, 0.01, "").holds


def test_a_measure_that_nobody_measured_fails(bench: Bench) -> None:
    ran = bench.run("t2i", expecting(0.5, measure="R@7"))
    assert ran.status == 1 and ran.record["expected"][0]["measured"] is None
    assert ran.err.splitlines()[-1].endswith("R@7 was not measured, expected 50.00 ± 1.00")


def test_figures_are_told_with_their_verdicts(bench: Bench) -> None:
    settings = (
        "--set",
        f"roots.scenes={bench.scenes}",
        "--set",
        expecting(0.5, 1.0),
        "--set",
        expecting(2.0, 1.0, "R@1"),
    )
    ran = lexlip("bench", bench.home / "indexes" / "t2i.yaml", *settings)
    first, second, third, last = ran.out.splitlines()
    assert first.startswith("t2i: 24 topics, in percent: R@1 ")
    assert second.startswith("  ok       R@5 is ") and third.startswith("  DIFFERS  R@1 is ")
    assert last.endswith(str(bench.folder("t2i")))


def test_data_that_moved_is_not_built_again(bench: Bench, tmp_path: Path) -> None:
    ran = bench.run("t2i", scenes=copied(bench.scenes, tmp_path / "moved root é"))
    assert ran.status == 0 and ran.err.count("up to date") == 2


def test_a_root_that_is_not_set_is_looked_for_beside_the_recipe(bench: Bench) -> None:
    error = lexlip("bench", bench.home / "indexes" / "bm25.yaml").error
    assert error == f"error: captions: no such file: {bench.home / 'nowhere' / 'légendes 100%.jsonl'}"


def test_a_changed_recipe_and_a_lost_index_are_built_again(bench: Bench) -> None:
    assert "up to date" not in bench.run("bm25", "k=2").err
    run = bench.folder("bm25") / "run.txt"
    assert max(len(hits) for hits in read_run(run).values()) == 2
    assert "up to date" in bench.run("bm25", "k=2").err
    kept = run.read_bytes()
    (bench.folder("bm25") / "index").rename(bench.folder("bm25") / "lost")
    ran = bench.run("bm25", "k=2")
    assert "up to date" not in ran.err and run.read_bytes() == kept


def test_a_build_that_failed_half_way_is_not_taken_for_the_one_before(bench: Bench) -> None:
    def figures(ran: Ran) -> Any:
        return ran.record["figures"]

    before = bench.run("bm25")
    index = bench.folder("bm25") / "index"
    index.rename(index.with_name("kept"))
    index.mkdir()
    failed = bench.run("bm25", "held_out=2")  # writes other topics, then meets a folder that is no index
    assert "is there and is no index" in failed.error
    index.rmdir()
    index.with_name("kept").rename(index)
    after = bench.run("bm25")
    assert "up to date" not in after.err and figures(after) == figures(before)


@pytest.mark.parametrize(
    ("name", "file"), [("bm25", "topics/qrels.txt"), ("bm25", "topics/topics.tsv"), ("t2i", "queries.jsonl")]
)
def test_a_file_that_was_rewritten_is_made_again(name: str, file: str, bench: Bench) -> None:
    figures = bench.run(name).record["figures"]
    path = bench.folder(name) / file
    kept = path.read_bytes()
    first, *others = kept.splitlines(keepends=True)
    path.write_bytes(b"".join([*others, first]))  # as many bytes, in another order
    ran = bench.run(name)
    assert f"{name}: the index" not in ran.err and path.read_bytes() == kept and ran.record["figures"] == figures
    assert "up to date" in bench.run(name).err


def test_an_index_that_was_swapped_is_built_again(bench: Bench) -> None:
    figures = bench.run("t2i").record["figures"]
    index = bench.folder("t2i") / "index"
    shutil.rmtree(index)
    copied(bench.scenes / "texts index", index)
    ran = bench.run("t2i")
    assert "t2i: the index" not in ran.err and ran.record["figures"] == figures
    assert bench.run("t2i").err.count("up to date") == 2


def test_a_model_whose_tensors_were_replaced_is_trained_again(bench: Bench) -> None:
    bench.run("t2i")
    tensors = bench.home / "encode" / "tiny" / "model" / "model.safetensors"
    kept = tensors.read_bytes()
    tensors.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    ran = bench.run("t2i")
    assert "tiny: training" in ran.err and "tiny: model" not in ran.err and tensors.read_bytes() == kept
    assert bench.run("t2i").err.count("up to date") == 2


def test_an_index_of_another_lucene_is_built_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run("bm25")
    assert "up to date" in bench.run("bm25").err
    monkeypatch.setattr("lexlip_lucene.experiments.recipe_run.indexed_by", lambda: "lucene 0.1, anserini 0.1")
    assert "up to date" not in bench.run("bm25").err


def test_a_photo_that_was_missing_is_seen_once_it_is_there(bench: Bench, tmp_path: Path) -> None:
    scenes = copied(bench.scenes, tmp_path / "scenes")
    for name in ("t2i", "bm25"):
        bench.run(name, scenes=scenes)
    assert bench.run("t2i", scenes=scenes).err.count("up to date") == 2
    pictures = scenes / "phötos 1%"
    missing = pictures / f"é {TRAIN + TEST - 1}%20.png"
    assert not missing.exists()
    shutil.copy(pictures / f"é {TRAIN}%20.png", missing)
    assert "t2i: the index" not in bench.run("t2i", scenes=scenes).err
    assert "up to date" in bench.run("bm25", scenes=scenes).err, "captions are all that BM25 knows"


def test_recipes_of_unlike_topics_are_not_fused(bench: Bench) -> None:
    assert "unlike: the recipes in fuses must have the same topics and qrels" in bench.run("unlike").error


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("system=splade", "system: Input should be 'lexlip', 'dense', 'bm25' or 'rrf', got 'splade'"),
        ("heldout=1", "unknown key 'heldout': did you mean 'held_out'?"),
        ("held_out=0", "system bm25 needs direction t2i and held_out of at least 1"),
        ("captions=null", "system bm25 needs captions"),
        ("k=0", "k: Input should be greater than 0, got 0"),
    ],
)
def test_a_recipe_that_can_not_be_is_refused(setting: str, message: str, bench: Bench) -> None:
    assert message in bench.run("bm25", setting).error
