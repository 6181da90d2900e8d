"""A ladder that can't finish fails before any of its hours of work: nothing is trained, encoded or indexed."""

import os
from pathlib import Path

import pytest
from support.cli_run import CAPTIONS, copied, lexlip, write_scenes
from support.ladder_bench import Bench, write_ladder_files

from lexlip_lucene.experiments.ladder import requirements


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes, and files that are broken in one way each; no model."""
    root = tmp_path_factory.mktemp("naïve 50% scenes")
    write_scenes(root)
    write_ladder_files(root)
    (root / "broken.jsonl").write_text('{"id": "one", "captions": ["a cat"]}\n{"id": "two"\n', encoding="utf-8")
    weights = copied(root / "clip", root / "cut") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    return root


@pytest.fixture
def bench(scenes: Path, tmp_path: Path) -> Bench:
    return Bench(tmp_path, scenes)


def nothing_was_made(bench: Bench) -> bool:
    encoded = sorted(path.name for path in (bench.home / "encode").iterdir())
    return encoded == ["tiny.yaml", "tower.yaml"] and not bench.folder.exists()


@pytest.mark.parametrize(
    ("setting", "messages"),
    [
        ("split=nowhere", ["ladder.jsonl", "no image is of split 'nowhere'"]),
        ("tune_split=nowhere", ["ladder.jsonl", "no image is of split 'nowhere'"]),
        ("distractors.split=nowhere", ["ladder.jsonl", "no image is of split 'nowhere'"]),
        ("distractors.split=test", ["distractors: photos are needed", "no other image of split 'test'"]),
        ("distractors.captions={scenes}/gone.jsonl", ["captions", "gone.jsonl"]),
        ("distractors.captions={scenes}/broken.jsonl", ["broken.jsonl:1", "file"]),
        ("distractors.texts=['{scenes}/gone.jsonl']", ["caption set file: no such file", "gone.jsonl"]),
        ("distractors.texts=['{scenes}/broken.jsonl']", ["broken.jsonl:2"]),
        (f"held_out={CAPTIONS}", [f"held_out is {CAPTIONS}, split 'test'", "no topic is left"]),
        ("clip.model={scenes}/gone", ["clip.model", "gone: a CLIP or SigLIP is needed"]),
        ("clip.model={scenes}/cut", ["clip.model", "cut: a CLIP or SigLIP is needed"]),
    ],
)
def test_what_the_recipe_names_is_looked_into_before_any_training(
    setting: str, messages: list[str], bench: Bench, scenes: Path
) -> None:
    error = bench.run("--set", setting.replace("{scenes}", str(scenes))).error
    assert all(message in error for message in messages), error
    assert nothing_was_made(bench)


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("indexes", "indexes is a folder, so --force does not replace it"),
        ("encode/tiny.yaml/pool.jsonl", "encode/tiny.yaml is a file, and a folder is needed there"),
        ("encode/tiny.yaml/further/pool.jsonl", "encode/tiny.yaml is a file, and a folder is needed there"),
        ("indexes/ladder.yaml", "ladder.yaml is the recipe"),
    ],
)
def test_a_judge_pool_that_could_not_be_written_stops_the_ladder_first(
    place: str, message: str, force: tuple[str, ...], bench: Bench
) -> None:
    assert message in bench.run("--judge-pool", bench.home / place, *force).error
    assert nothing_was_made(bench)


def test_a_folder_that_nobody_may_write_into_is_no_place_for_a_judge_pool(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode, **_: mode & os.W_OK == 0)  # root may write into all folders
    error = bench.run("--judge-pool", bench.home / "new" / "pool.jsonl").error
    assert f"nothing may be written into {bench.home}" in error
    assert nothing_was_made(bench)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("tune_split=train", "tune_split must be a split that is neither searched nor trained on, but it is 'train'"),
        ("tune_split=test", "but it is 'test'"),
        ("dense.ivfpq={bytes: 3}", "dense.ivfpq.bytes must divide the twin's width 8, but it is 3"),
        ("up_to={BM25: 10}", "'BM25' is at every rung"),
        ("rungs=[5, 90]", "first rung must hold all 12 images"),
        ("rungs=[90, 12]", "rungs must rise"),
        ("points=[{top_k: 6}, {top_k: 24}]", "first of points must have the most tokens"),
        ("points=[{top_k: 6}, {top_k: 6}]", "one is there twice"),
        ("points=[{top_k: 6}, {top_k: 5, flops: 1, encoder: x.yaml}]", "flops or an encoder of its own, not both"),
        ("points=[{top_k: 6}, {top_k: 5, encoder: nowhere.yaml}]", "no such file"),
        ("points=[{top_k: 6}, {top_k: 5, encoder: a/x.yaml}, {top_k: 4, encoder: b/x.yaml}]", "told apart by name"),
        ("points=[{top_k: 6}, {top_k: 5, encoder: clip.yaml}]", "neither clip nor ours"),
        ("points=[{top_k: 6, flops: 1}]", "it must have no flops and no encoder"),
        ("held_out=0", "held_out"),
        ("distractor.seed=1", "did you mean 'distractors'"),
        ("up_to={Seismik: 10}", "did you mean 'Seismic'"),
        ("systems={product: {}}", "no system 'product': known systems are late; register a kind of your own"),
        (
            "expect={source: a, 12: {BM52: {R@1: {value: 0, tolerance: 0}}}}",
            "expect: no system 'BM52': did you mean 'BM25'?",
        ),
        ("expect={source: a, 12: {'LexLIP 7 × 8 bit': {bytes: {value: 0, tolerance: 0}}}, rung: 1}", "no rung 'rung'"),
    ],
)
def test_what_a_recipe_gets_wrong_is_said(setting: str, message: str, bench: Bench) -> None:
    assert message in bench.run("--set", setting).error
    assert nothing_was_made(bench)


def test_a_judge_pool_is_for_ladders_alone_and_not_overwritten(bench: Bench) -> None:
    pool = bench.home / "pool.jsonl"
    pool.write_bytes(b"judged")
    assert "exists already" in bench.run("--judge-pool", pool).error
    recipe = bench.home / "other.yaml"
    recipe.write_text("name: other\nsystem: bm25\n", encoding="utf-8")
    assert "--judge-pool is for ladders" in lexlip("bench", recipe, "--judge-pool", pool, "--force").error
    assert pool.read_bytes() == b"judged" and nothing_was_made(bench)


def test_a_package_that_is_missing_is_named_before_any_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    assert "`dense` needs the package faiss" in bench.run().error
    assert "`clip` needs the package faiss" in bench.run("--set", "dense=null").error
    rest = bench.run("--set", "dense=null", "--set", "clip=null")
    assert "`seismic` needs the package seismic" in rest.error
    assert nothing_was_made(bench)
