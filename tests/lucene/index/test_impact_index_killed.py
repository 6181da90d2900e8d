"""A build or a merge that ends early, by Ctrl-C or a kill: the old index stays as it was."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.index_dump import require_sound

from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

DOCUMENTS = 60_000

# A child of a shell's background job inherits an ignored SIGINT, and Python then leaves it ignored.
BEGIN = """
import signal, sys
from pathlib import Path
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.progress import Lines
signal.signal(signal.SIGINT, signal.default_int_handler)
collection, index = Path(sys.argv[1]), Path(sys.argv[2])
print("begun", flush=True)
"""
BUILD = BEGIN + "ImpactIndex.build(collection, index, force=True)"
APPEND = (
    BEGIN + "with ImpactIndex.open(index, memory=1) as writing: writing.add_collection(collection); writing.merge()"
)
MERGE = BEGIN + "with ImpactIndex.open(index) as writing: writing.delete(['old0']); writing.merge()"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a collection that takes some seconds to index."""
    folder = tmp_path_factory.mktemp("large") / "c"
    folder.mkdir()
    for shard in range(4):
        with (folder / f"{shard}.jsonl").open("w") as file:
            for number in range(DOCUMENTS // 4):
                vector = ",".join(f'"w{number * 31 % 997}-{token}": {1 + token}' for token in range(40))
                file.write(f'{{"id": "{shard}-{number}", "vector": {{{vector}}}}}\n')
    return folder


@pytest.fixture(scope="module", params=[20, 300])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an index of 20 or 300 small segments, each with 100 documents that weigh more than those before."""
    target = tmp_path_factory.mktemp("whole") / "index"
    with ImpactIndex.create(target, merge_small=False) as writing:
        for part in range(request.param):
            ids = [f"old{part * 100 + number}" for number in range(100)]
            writing.add(ids, csr_array(np.full((100, 1), 1 + part)), ["old"])
    assert writing.report.segments == request.param
    return target


@pytest.fixture
def index(whole: Path, tmp_path: Path) -> Path:
    """Copy the index, to break it."""
    return shutil.copytree(whole, tmp_path / "index")


def interrupted(script: str, collection: Path, index: Path, how: int, ready: Callable[[], bool]) -> tuple[str, float]:
    """Run `script`, send it the signal `how` once it is `ready`; return its stderr, and the seconds until it ended."""
    command = [sys.executable, "-c", script, str(collection), str(index)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        while not ready():
            assert process.poll() is None, "it ended before it was interrupted"
            time.sleep(0.002)
        process.send_signal(how)
        begun = time.monotonic()
        _, said = process.communicate(timeout=120)
        return said, time.monotonic() - begun


def require_old(index: Path, whole: Path) -> None:
    """Assert that the index is still `whole`, sound, and can be written to again."""
    documents = int(commit_facts(whole)["documents"])
    assert commit_facts(index) == commit_facts(whole)
    require_sound(index)
    with ImpactSearcher(index) as searcher:
        assert searcher.documents == documents
        found = [hit.score for hit in searcher.search({"old": 1}, documents)]
        assert found == [1 + number // 100 for number in reversed(range(documents))]
    with ImpactIndex.open(index, merge_small=False) as writing:
        assert writing.delete(["old1"]) == 1
    assert commit_facts(index)["documents"] == str(documents - 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_ends_early_leaves_the_old_index(how: int, collection: Path, index: Path, whole: Path) -> None:
    partial = index.with_name(".index.partial")
    said, _ = interrupted(BUILD, collection, index, how, lambda: any(partial.glob("_0*")))
    assert ("KeyboardInterrupt" in said) == (how == signal.SIGINT)
    require_old(index, whole)
    assert not any(partial.glob("segments_*"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_append_that_ends_early_leaves_the_old_index_and_no_rest(
    how: int, collection: Path, index: Path, whole: Path
) -> None:
    before = {path.name for path in index.iterdir()}

    def writes() -> bool:
        return any(path.suffix == ".fdt" and path.name not in before for path in index.iterdir())

    said, _ = interrupted(APPEND, collection, index, how, writes)
    assert ("KeyboardInterrupt" in said) == (how == signal.SIGINT)
    if how == signal.SIGINT:
        assert {path.name for path in index.iterdir()} == before
    require_old(index, whole)
    rest = {path.name for path in index.iterdir()} - before
    assert all(name.startswith("segments_") or name.endswith(".liv") for name in rest), rest


def test_a_merge_that_is_killed_leaves_the_old_index(collection: Path, index: Path, whole: Path) -> None:
    before = {path.name for path in index.iterdir()}

    def merges() -> bool:
        return any(path.suffix == ".fdt" and path.name not in before for path in index.iterdir())

    interrupted(MERGE, collection, index, signal.SIGKILL, merges)
    require_old(index, whole)


def test_ctrl_c_while_the_collection_is_read_leaves_no_index(collection: Path, tmp_path: Path) -> None:
    partial = tmp_path / ".new.partial"
    said, _ = interrupted(BUILD, collection, tmp_path / "new", signal.SIGINT, lambda: (partial / "write.lock").exists())
    assert "KeyboardInterrupt" in said and not (tmp_path / "new").exists()
