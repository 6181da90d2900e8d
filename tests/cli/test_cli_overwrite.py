"""Existing results, kept without --force, with --force on a folder of another kind, and on a full disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from support.cli_run import Job, copied, done, lexlip, whole_job

from lexlip_lucene.files.written import sha256_of

WRITERS = {
    "topics": ["topics", "{job}/légendes 100%.jsonl", "{out}", "--split", "test"],
    "train": ["train", "{job}/tiny.yaml", "--output", "{out}", "--set", "training.epochs=1"],
    "encode images": [
        "encode",
        "images",
        "{job}/légendes 100%.jsonl",
        "{out}",
        "--split",
        "test",
        "--model",
        "{model}",
    ],
    "encode queries": ["encode", "texts", "{job}/t2i/topics.tsv", "{out}.jsonl", "--model", "{model}"],
    "index": ["index", "{job}/images", "{out}"],
    "search": ["search", "{job}/images index", "--encoded", "{job}/queries.jsonl", "--output", "{out}"],
    "lexicon": ["lexicon", "--text", "a red circle", "--model", "{model}", "--cloud", "{out}.svg"],
    "fuse": ["fuse", "{job}/run é.txt", "{job}/bm25 run.txt", "--output", "{out}"],
}
FOLDERS = ["topics", "train", "encode images", "index"]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


def command(name: str, job: Job, out: Path) -> list[str]:
    names = {"job": job.root, "model": job.root / "modèle", "out": out}
    return [part.format(**names) for part in WRITERS[name]]


def content(path: Path) -> dict[str, str]:
    """Return name and hash of every file at or below `path`."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {str(file.relative_to(path)): sha256_of(file) for file in files}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_overwritten_without_force_and_everything_with_it(name: str, job: Job, tmp_path: Path) -> None:
    asked = command(name, job, tmp_path / "out")
    done(*asked)
    (target,) = (path for path in tmp_path.iterdir() if not path.name.endswith((".manifest.json", ".training")))
    before, made = content(target), target.stat().st_ino
    error = lexlip(*asked).error
    assert error == f"error: {target} exists already: choose another name, or overwrite it with --force"
    assert content(target) == before
    done(*asked, "--force")
    assert target.stat().st_ino != made and content(target).keys() >= {"."} & before.keys()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", FOLDERS)
def test_force_does_not_replace_a_folder_of_another_kind(name: str, job: Job, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "wedding.jpg").write_bytes(b"the only copy")
    error = lexlip(*command(name, job, photos), "--force").error
    assert str(photos) in error and error.endswith("choose another name")
    assert content(tmp_path) == {"photos/wedding.jpg": sha256_of(photos / "wedding.jpg")}


def test_force_fills_an_empty_folder(job: Job, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done(*command("topics", job, tmp_path / "out"), "--force")
    assert (tmp_path / "out" / "topics.tsv").is_file()


def test_what_is_encoded_is_never_the_output(job: Job, tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    captions.write_bytes(job.captions.read_bytes())
    for what in ("images", "texts"):
        asked = ("encode", what, captions, tmp_path / ".." / tmp_path.name / "captions.jsonl")
        error = lexlip(*asked, "--model", job.root / "modèle", "--force").error
        assert "is what is to be encoded" in error
    assert captions.read_bytes() == job.captions.read_bytes()


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Limit the files of this process and its children to `size` bytes: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("old", [True, False], ids=["over an old one", "new"])
def test_a_full_disk_during_training_spares_the_model(old: bool, job: Job, tmp_path: Path) -> None:
    """The log and the checkpoint, which are beside the model, meet it first."""
    asked = command("train", job, tmp_path / "out")
    if old:
        done(*asked)
    before = content(tmp_path / "out") if old else {}
    with full_after(1000):
        error = lexlip(*asked, *(["--force"] if old else [])).error
    assert error.startswith(f"error: could not write {tmp_path}") and "File too large" in error
    assert (content(tmp_path / "out") if old else {}) == before


@pytest.mark.parametrize("name", ["topics", "encode images", "encode queries", "search"])
@pytest.mark.parametrize("old", [True, False], ids=["over an old one", "new"])
def test_a_full_disk_leaves_the_partial_and_spares_the_target(name: str, old: bool, job: Job, tmp_path: Path) -> None:
    asked = command(name, job, tmp_path / "out")
    if old:
        done(*asked)
    before = content(tmp_path)
    with full_after(1000):
        ran = lexlip(*asked, *(["--force"] if old else []))
    (partial,) = tmp_path.glob(".out*.partial")
    assert ran.error.startswith(f"error: could not write {tmp_path}")
    assert "File too large; the target is untouched" in ran.error and str(partial) in ran.error
    after = {name: digest for name, digest in content(tmp_path).items() if not name.startswith(partial.name)}
    assert after == before


def test_a_full_disk_during_indexing_spares_the_target(job: Job, tmp_path: Path) -> None:
    collection, index = tmp_path / "collection", tmp_path / "index"
    collection.mkdir()
    with (collection / "part-00000.jsonl").open("wb") as file:
        for number in range(300):
            vector = {f"w{(number * 7 + token) % 500}": 1 + number % 255 for token in range(200)}
            file.write(orjson.dumps({"id": f"d{number}", "contents": "", "vector": vector}) + b"\n")
    copied(job.root / "images index", index)
    before = content(index)
    with full_after(40_000):  # the JVM's own files have 32 KiB; the index would have 120 KB
        error = lexlip("index", collection, index, "--force").error
    assert str(tmp_path) in error
    assert content(index) == before and (tmp_path / ".index.partial").is_dir()


def test_no_space_left_is_said_as_the_system_says_it(job: Job, tmp_path: Path) -> None:
    (tmp_path / ".run.txt.partial").symlink_to("/dev/full")
    asked = ("search", job.root / "images index", "--encoded", job.root / "queries.jsonl")
    error = lexlip(*asked, "--output", tmp_path / "run.txt").error
    assert error.startswith(f"error: could not write {tmp_path / 'run.txt'}: No space left on device; the target is")
    assert not (tmp_path / "run.txt").exists()
