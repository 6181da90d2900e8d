"""An encode run that is killed or shared out gives the bytes of an unbroken one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image
from support import tiny

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encode import shard_plan, unfinished
from lexlip_lucene.encode.encode import encode_images, encode_texts
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files import written as files
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.manifest import manifest_path

IMAGES = 11
OUTPUTS = pytest.mark.parametrize("name", ["c", "queries.jsonl"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and 11 pictures of which number 7 is broken."""
    root = tmp_path_factory.mktemp("encode")
    tiny.lexlip().save_pretrained(root / "model")
    (root / "photos").mkdir()
    for number in range(IMAGES):
        Image.new("RGB", (40, 30), (21 * number, 250 - 19 * number, 90)).save(root / "photos" / f"{number:02}.png")
    (root / "photos" / "07.png").write_text("no picture")
    return root


@pytest.fixture
def model(folder: Path) -> LexLip:
    return LexLip.from_pretrained(folder / "model")


@pytest.fixture
def images(folder: Path) -> list[CaptionedImage]:
    return read_captions(folder / "photos")


@pytest.fixture(autouse=True)
def four_inputs_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_plan, "SHARD_INPUTS", 4)


def content(output: Path) -> dict[str, bytes]:
    """Names and bytes of all that a run leaves for `output`: shards and manifest, and nothing unfinished."""
    found = {}
    for path in output.parent.iterdir():
        assert not path.name.startswith("."), path
        if path.name.startswith(output.name):
            files = path.iterdir() if path.is_dir() else [path]
            found |= {file.name: file.read_bytes() for file in files}
    return found


class Killed(BaseException):
    """In place of kill -9: no handler of the program catches it, and no file is touched after it."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the run end before its `step`th change to the disk: every rename, exchange and folder that goes."""
    left = [step]

    def counted(change):  # type: ignore[no-untyped-def]  # it takes on the signature of what it wraps
        def run(*args, **kwargs):  # type: ignore[no-untyped-def]  # as above
            if not left[0]:
                raise Killed
            left[0] -= 1
            return change(*args, **kwargs)

        return run

    monkeypatch.setattr(os, "replace", counted(os.replace))
    monkeypatch.setattr(files, "exchange", counted(files.exchange))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))


@OUTPUTS
@pytest.mark.parametrize(
    ("force", "positions", "exchanges"),
    [(False, False, True), (True, False, True), (True, False, False), (False, True, True)],
    ids=["new", "over an old one", "over an old one, where names can't be exchanged", "with positions"],
)
def test_a_run_that_ended_at_any_change_to_the_disk_goes_on_to_the_same_bytes(
    folder: Path,
    images: list[CaptionedImage],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    force: bool,
    positions: bool,
    exchanges: bool,
) -> None:
    if not exchanges:
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    model = LexLip.from_pretrained(folder / "model")
    (tmp_path / "whole").mkdir()
    whole = encode_images(model, images, tmp_path / "whole" / name, batch_size=2, positions=positions)
    steps = 0
    while True:
        output = tmp_path / str(steps) / name
        output.parent.mkdir()
        if force:
            encode_images(model, images[:3], output)
        with pytest.MonkeyPatch.context() as patch:
            killed_at(steps, patch)
            try:
                encode_images(model, images, output, batch_size=2, force=force, positions=positions)
                break
            except Killed:
                assert not force or not exchanges or output.exists(), "there is always something under the name"
        resumed = encode_images(model, images, output, batch_size=2, resume=True, force=force, positions=positions)
        assert content(output) == content(tmp_path / "whole" / name), steps
        assert resumed[:4] == whole[:4]
        steps += 1
    assert steps > 10


def test_shards_that_are_whole_are_not_encoded_again(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        killed_at(5, patch)  # one folder cleared, the settings, a shard and its facts, a shard
        with pytest.raises(Killed):
            encode_images(model, images, tmp_path / "c")
    kept = sorted(path.name for path in (tmp_path / ".c.partial" / "shards").iterdir())
    assert kept == ["part-00000.jsonl", "part-00001.jsonl"]
    seen: list[str] = []
    monkeypatch.setattr(
        unfinished.Unfinished, "keep", lambda self, shard, *_, keep=unfinished.Unfinished.keep: (
            seen.append(shard.name), keep(self, shard, *_))
    )  # fmt: skip
    encode_images(model, images, tmp_path / "c", resume=True)
    assert seen == ["part-00001.jsonl", "part-00002.jsonl"], "the facts of shard 1 were not yet written"


def test_half_a_run_of_another_model_input_or_setting_is_refused(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        killed_at(4, patch)
        with pytest.raises(Killed):
            encode_images(model, images, tmp_path / "c", precision="float32")
    before = sorted((tmp_path / ".c.partial").rglob("*"))
    cases: list[tuple[str, list[CaptionedImage], dict[str, Any]]] = [
        ("inputs 11, but this run has 10", images[1:], {}),
        ("inputs_sha256", images[::-1], {}),
        ("top_k None, but this run has 2", images, {"top_k": 2}),
        ("scale 510.0, but this run has 30.0", images, {"bits": 4}),
        ("batch_size 32, but this run has 7", images, {"batch_size": 7}),
        ("arithmetic float32, but this run has bfloat16", images, {"precision": "bfloat16"}),
        (r"grid None, but this run has 2x2", images, {"positions": True}),
    ]
    for words, wanted, options in cases:
        with pytest.raises(InputError, match=rf"\.c\.partial was begun with .*{words}.*begin again without --resume"):
            encode_images(model, wanted, tmp_path / "c", resume=True, **{"precision": "float32", **options})
    model.sha256 = "of another model"
    with pytest.raises(InputError, match="begun with model_sha256"):
        encode_images(model, images, tmp_path / "c", resume=True)
    assert sorted((tmp_path / ".c.partial").rglob("*")) == before
    encode_images(model, images, tmp_path / "c")
    assert len(list((tmp_path / "c").iterdir())) == 3


@OUTPUTS
def test_a_finished_run_is_accepted_as_it_stands_and_another_s_result_is_not(
    model: LexLip, tmp_path: Path, name: str
) -> None:
    topics = [Topic(f"t{number}", "a red dog") for number in range(9)]
    first = encode_texts(model, topics, tmp_path / name)
    before = content(tmp_path / name)
    again = encode_texts(model, topics, tmp_path / name, resume=True)
    assert (again[:4], content(tmp_path / name)) == (first[:4], before)
    for other in (topics[:8], [Topic("t0", "blue"), *topics[1:]]):
        with pytest.raises(OutputError, match="exists already"):
            encode_texts(model, other, tmp_path / name, resume=True)
    manifest_path(tmp_path / name).unlink()
    with pytest.raises(OutputError, match="exists already"):
        encode_texts(model, topics, tmp_path / name, resume=True)


def begun(folder: Path, output: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """`lexlip encode images`, four inputs a shard, in a separate process."""
    script = (
        "from lexlip_lucene.encode import shard_plan\n"
        "from lexlip_lucene.cli.main import main\n"
        "shard_plan.SHARD_INPUTS = 4\n"
        "main()\n"
    )
    asked = ["encode", "images", folder / "photos", output, "--model", folder / "model", "--batch-size", "2", "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, asked)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def test_two_processes_give_the_bytes_of_one_and_one_answer(
    folder: Path, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    """With the environment that torchrun gives its processes."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    whole = encode_images(model, images, tmp_path / "one" / "c", batch_size=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    processes = [begun(folder, tmp_path / "two" / "c", RANK=rank, LOCAL_RANK=rank, **meeting) for rank in "01"]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert orjson.loads(said[0][0])["postings"] == whole.postings
    assert said[1][0] == b""
    assert content(tmp_path / "two" / "c") == content(tmp_path / "one" / "c")


def test_kill_9_and_resume_give_the_bytes_of_an_unbroken_run(
    folder: Path, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    encode_images(model, images, tmp_path / "one" / "c", batch_size=2)
    process = begun(folder, tmp_path / "c")
    while not (tmp_path / ".c.partial" / "part-00001.json").exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    encode_images(model, images, tmp_path / "c", batch_size=2, resume=True)
    assert content(tmp_path / "c") == content(tmp_path / "one" / "c")


def test_a_shard_that_is_not_as_it_was_written_is_encoded_again(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    encode_images(model, images, tmp_path / "whole" / "c")
    with pytest.MonkeyPatch.context() as patch:
        killed_at(6, patch)
        with pytest.raises(Killed):
            encode_images(model, images, tmp_path / "c")
    (tmp_path / ".c.partial" / "shards" / "part-00000.jsonl").write_bytes(b"torn")
    encode_images(model, images, tmp_path / "c", resume=True)
    assert content(tmp_path / "c") == content(tmp_path / "whole" / "c")
