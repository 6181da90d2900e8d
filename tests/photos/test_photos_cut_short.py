"""`lexlip photos` cut short at any moment: the next run resumes, and the index is never between two states."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cli_run import done, lexlip
from support.photo_folder import photo, photo_folder, tiny_model, vectors_of

from lexlip_lucene.files.locked import lock_name, locked
from lexlip_lucene.photos import photo_index

SMALL_PARTS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from lexlip_lucene.photos import encoding
encoding.BATCH, encoding.PART_BATCHES = 2, 1
added = encoding.EncodedParts.add
def slowly(self, encoded):
    import time
    added(self, encoded)
    time.sleep(0.3)
encoding.EncodedParts.add = slowly
from lexlip_lucene.cli.main import main
main()
"""
PATIENCE = 120.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return photo_folder(tmp_path / "photos", 40)


def cut_short(photos: Path, model: Path, by: signal.Signals) -> subprocess.Popen[str]:
    """Run the command until it has written three parts, and end it."""
    arguments = [sys.executable, "-c", SMALL_PARTS, "photos", str(photos), "--no-serve", "--model", str(model)]
    parts = photos.with_name("photos.lexlip") / "encoding"
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + PATIENCE
        while not parts.is_dir() or len(list(parts.glob("part-*.jsonl"))) < 3:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, by)
        process.wait(PATIENCE)
        return process


@pytest.mark.parametrize(("by", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_was_ended_resumes_where_it_was(photos: Path, model: Path, by: signal.Signals, status: int) -> None:
    assert cut_short(photos, model, by).returncode == status
    home = photos.with_name("photos.lexlip")
    assert not (home / "index").exists()
    (photos / "0.png").unlink()  # other photos than those of the run that was ended
    photo(photos / "new.png", 99)
    record = done("photos", photos, "--no-serve", "--model", model)
    assert record["documents"] == record["added"] == 40
    assert record["encoded"] <= 35, "three parts of two photos were done, of which at most one photo is gone"
    assert sorted(path.name for path in home.iterdir()) == [
        "collection",
        "collection.manifest.json",
        "index",
        "ledger.json",
    ]
    done("encode", "images", photos, photos.with_name("oracle"), "--model", model)
    assert vectors_of(home / "collection") == vectors_of(photos.with_name("oracle"))


@pytest.mark.parametrize("step", ["known_vectors", "write_collection", "write_ledger"])
def test_a_failure_at_any_later_step_leaves_the_index_as_it_was(
    photos: Path, model: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("photos", photos, "--no-serve", "--model", model)
    home = photos.with_name("photos.lexlip")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    photo(photos / "new.png", 99)
    (photos / "0.png").unlink()
    with monkeypatch.context() as failing:
        failing.setattr(photo_index, step, _interrupted)
        assert lexlip("photos", photos, "--no-serve").status == 130
    assert {path: path.read_bytes() for path in before} == before
    record = done("photos", photos, "--no-serve")
    assert [record[key] for key in ("documents", "added", "removed", "encoded")] == [40, 1, 1, 0]


def test_vectors_of_other_settings_are_not_resumed(photos: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as failing:
        failing.setattr(photo_index, "known_vectors", _interrupted)
        assert lexlip("photos", photos, "--no-serve", "--model", model).status == 130
    assert done("photos", photos, "--no-serve", "--model", model, "--bits", 4)["encoded"] == 40


def test_a_second_run_at_the_same_time_is_refused_and_changes_nothing(photos: Path, model: Path) -> None:
    home = photos.with_name("photos.lexlip")
    with locked(home, "`lexlip photos`"):
        refused = lexlip("photos", photos, "--no-serve", "--model", model).error
    assert f"{home} is being written by another run of `lexlip photos`" in refused and not home.exists()
    assert done("photos", photos, "--no-serve", "--model", model)["documents"] == 40
    assert not lock_name(home).exists()


def _interrupted(*_: object) -> Callable[..., None]:
    raise KeyboardInterrupt
