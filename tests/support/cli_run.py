"""The command run in this process, and the whole job run once with it, for the tests of the verbs.

The captioned scenes of the job have hostile names on purpose: white space, `%` and é in ids, files and folders.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import orjson

from lexlip_lucene.cli.main import main
from lexlip_lucene.demo.drawing import draw
from lexlip_lucene.demo.scenes import make_scenes

TRAIN, TEST, CAPTIONS = 60, 12, 3
"""Scenes of each split, and captions of each scene; of both splits one picture is missing."""

RECIPE = """
name: tiny
roots: {scenes: .}
data: {captions: "{scenes}/légendes 100%.jsonl", keep_aside: 10}
vocabulary: {train_size: 200, min_count: 2}
image:
  backbone: resnet10t
  arguments: {channels: [8, 8, 16, 16], stem_type: "", stem_width: 8, avg_down: false, output_stride: 8}
  size: 32
  adapter: {width: 16}
text: {kind: static}
training: {epochs: 2, batch_size: 16, captions_per_image: 2, learning_rate: 1.0e-2, evaluations: 1}
quantise: {bits: 8, top_k: 24}
"""


class Ran(NamedTuple):
    """The outcome of a run of the command; both streams as file descriptors 1 and 2 received them."""

    status: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        """The one JSON object that stdout must be."""
        found = orjson.loads(self.out)
        assert isinstance(found, dict) and self.out.count("\n") == 1
        return found

    @property
    def error(self) -> str:
        """The one error line, which ends stderr, of a run that failed with status 1 and no result."""
        *before, last = self.err.splitlines()
        assert self.status == 1 and self.out == "" and last.startswith("error: ")
        assert not any(line.startswith(("error:", "Traceback")) for line in before)
        return last


def lexlip(*arguments: object) -> Ran:
    """Run `lexlip ARGUMENTS` in this process."""
    with TemporaryFile() as out, TemporaryFile() as err, _redirected("stdout", 1, out), _redirected("stderr", 2, err):
        status = _status([str(argument) for argument in arguments])
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(status, *(_text(file) for file in (out, err)))


def done(*arguments: object) -> dict[str, Any]:
    """Run `lexlip ARGUMENTS --json`, which must succeed, and return its record."""
    ran = lexlip(*arguments, "--json")
    assert ran.status == 0, ran.err
    return ran.record


def _status(arguments: list[str]) -> int:
    typed, sys.argv = sys.argv, ["lexlip", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = typed
    return 0


@contextmanager
def _redirected(name: str, descriptor: int, file: IO[bytes]) -> Iterator[None]:
    """Point both Python's stream and the descriptor below it, which Java writes to, at `file`."""
    stream, kept = getattr(sys, name), os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    with open(descriptor, "w", encoding="utf-8", closefd=False) as instead:
        setattr(sys, name, instead)
        try:
            yield
        finally:
            setattr(sys, name, stream)
            os.dup2(kept, descriptor)
            os.close(kept)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class Job(NamedTuple):
    """The results of the whole job: its folder, and the record of each verb under the name of what it wrote."""

    root: Path
    records: dict[str, dict[str, Any]]

    @property
    def captions(self) -> Path:
        """The captions file."""
        return self.root / "légendes 100%.jsonl"


@cache
def whole_job(temporary: Path) -> Job:
    """Make topics, model, collections, queries, indexes and runs in both directions, once below pytest's folder."""
    root = temporary / "naïve 50% job"
    root.mkdir()
    write_scenes(root)
    job = Job(root, {})
    _train_and_encode(job)
    _index_and_search(job)
    return job


def write_scenes(root: Path) -> None:
    """Draw the scenes into `root`, with their captions file."""
    pictures = root / "phötos 1%"
    pictures.mkdir()
    lines = []
    for number, scene in enumerate(make_scenes(train=TRAIN, test=TEST, captions=CAPTIONS, seed=3)):
        file = pictures / f"é {number}%20.png"
        draw(scene).save(file)
        record = {"id": f"é {scene.id}%", "file": f"{pictures.name}/{file.name}", "split": scene.split}
        lines.append(orjson.dumps({**record, "captions": scene.captions}))
        if number in (TRAIN - 1, TRAIN + TEST - 1):
            file.unlink()
    (root / "légendes 100%.jsonl").write_bytes(b"\n".join(lines))
    (root / "tiny.yaml").write_text(RECIPE, encoding="utf-8")


def _train_and_encode(job: Job) -> None:
    root, records = job
    model, split = ("--model", root / "modèle"), ("--split", "test")
    records["model"] = done("train", root / "tiny.yaml", "--output", root / "modèle")
    records["t2i"] = done("topics", job.captions, root / "t2i", *split, "--held-out", 1)
    records["i2t"] = done("topics", job.captions, root / "i2t", *split, "--direction", "i2t")
    records["images"] = done("encode", "images", job.captions, root / "images", *split, *model)
    records["queries"] = done("encode", "texts", root / "t2i" / "topics.tsv", root / "queries.jsonl", *model)
    records["image queries"] = done("encode", "images", job.captions, root / "image queries.jsonl", *split, *model)
    records["texts"] = done("encode", "texts", root / "i2t" / "captions", root / "texts", *model)


def _index_and_search(job: Job) -> None:
    root, records = job
    records["images index"] = done("index", root / "images", root / "images index")
    records["texts index"] = done("index", root / "texts", root / "texts index")
    records["bm25 index"] = done("index", root / "t2i" / "captions", root / "bm25 index", "--bm25")
    topics = ("--topics", root / "t2i" / "topics.tsv")
    encoded = ("--encoded", root / "image queries.jsonl")
    records["run"] = done(
        "search", root / "images index", *topics, "--model", root / "modèle", "--output", root / "run é.txt"
    )
    records["i2t run"] = done("search", root / "texts index", *encoded, "--output", root / "i2t run.txt")
    records["bm25 run"] = done("search", root / "bm25 index", *topics, "--output", root / "bm25 run.txt")
    records["fused run"] = done("fuse", root / "run é.txt", root / "bm25 run.txt", "--output", root / "fused run.txt")


def copied(folder: Path, target: Path) -> Path:
    """Copy a folder, to damage it."""
    shutil.copytree(folder, target)
    return target
