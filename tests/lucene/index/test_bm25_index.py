"""Building a BM25 index with Anserini's own indexer: lost documents, failures, interruptions."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lexlip_lucene.errors import IndexingError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.jvm.jvm import start_jvm
from lexlip_lucene.progress import Silent


def captions_of(folder: Path, *texts: str) -> Path:
    """Write a caption collection of one shard for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.jsonl").write_text(f'{{"id": "d{number}", "contents": "{text}"}}\n')
    return folder


class Saboteur(Silent):
    """A progress that breaks a line of the collection after our reading and before Anserini's."""

    def __init__(self, shard: Path) -> None:
        self.shard = shard

    def note(self, text: str) -> None:
        self.shard.write_bytes(b'{"id": "d1", "contents": \n')


def test_documents_that_anserini_loses_are_noticed(tmp_path: Path) -> None:
    captions, index = captions_of(tmp_path / "c", "a dog", "a cat"), tmp_path / "index"
    with pytest.raises(IndexingError, match=r"documents must be \(2,\), but the index has \(1,\)"):
        build_bm25(captions, index, progress=Saboteur(captions / "1.jsonl"))
    assert not index.exists()


def test_a_failure_of_anserini_quotes_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captions = captions_of(tmp_path / "c", "a dog")
    start_jvm()
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "--no-such-option")
    with pytest.raises(IndexingError, match=r"Anserini failed on .*c \(status 1\): .*Unrecognized.*no-such-option"):
        build_bm25(captions, tmp_path / "index")
    assert not (tmp_path / "index").exists()


def children_of(parent: int) -> list[int]:
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may end while we look
            if int(path.read_text().rpartition(") ")[2].split()[1]) == parent:
                children.append(int(path.parent.name))
    return children


BUILD = (
    "import signal, sys; from pathlib import Path; from lexlip_lucene.lucene.index.bm25_index import build_bm25\n"
    "from lexlip_lucene.progress import Lines\n"
    # A child of a shell's background job inherits an ignored SIGINT, and Python then leaves it ignored.
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "build_bm25(Path(sys.argv[1]), Path(sys.argv[2]), progress=Lines())"
)


def runs(process: int) -> bool:
    """Return true if a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the process by /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("when", ["at its start", "while it writes"])
def test_a_killed_build_leaves_no_java_that_keeps_writing(how: int, when: str, tmp_path: Path) -> None:
    captions = captions_of(tmp_path / "c", *["a dog runs " * 200_000] * 8)
    partial = tmp_path / ".index.partial"
    command = [sys.executable, "-c", BUILD, str(captions), str(tmp_path / "index")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not (anserini := children_of(process.pid)) or (when != "at its start" and not any(partial.iterdir())):
            assert process.poll() is None, "the build ended early"
            time.sleep(0.01)
        process.send_signal(how)
    while any(map(runs, anserini)):  # for ever, if Java is not stopped
        time.sleep(0.01)
    left = {path: path.stat().st_size for path in partial.rglob("*")}
    assert not any(path.name.startswith("segments_") for path in left), "it was through with its work"
    time.sleep(1)
    assert {path: path.stat().st_size for path in partial.rglob("*")} == left
    assert not (tmp_path / "index").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the process by /proc")
def test_ctrl_c_stops_anserini_and_leaves_no_index(tmp_path: Path) -> None:
    captions = captions_of(tmp_path / "c", *["a dog runs " * 200_000] * 8)
    command = [sys.executable, "-c", BUILD, str(captions), str(tmp_path / "index")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "with Anserini" not in (line := process.stderr.readline()):
            assert line, "the build ended early"
        while not (anserini := children_of(process.pid)):
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.stderr.read()
    assert not (tmp_path / "index").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(anserini[0], 0)
