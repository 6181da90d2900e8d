"""A full disk, a folder that can't be written to, a process killed at its commit: nothing committed is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.bridge_collections import create, documents_of, rows, write_collection
from support.index_dump import require_sound

from lexlip_lucene.errors import IndexingError, InputError, OutputError, SearchError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

MEGABYTES = 2

LARGE: dict[str, Impacts] = {f"l{n}": {f"w{n * 31 % 5000}-{t}": 1 + n % 255 for t in range(20)} for n in range(20_000)}
"""Some 8 MB as an index."""

COMMITS = """
import sys
from pathlib import Path
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from support.bridge_collections import rows
for number in range(1000):
    with ImpactIndex.open(Path(sys.argv[1])) as index:
        index.add(*rows({f"n{number}": {"x": 1}, "same": {"version": number + 1}}), replace=True)
        if number % 4 == 3:
            index.merge()
    print(number, flush=True)
"""


@contextmanager
def mounted(*options: str) -> Iterator[Path | None]:
    """Mount a file system; yield None if that is impossible. It is outside pytest's folder, which could not be cleared
    of one that a killed run has left."""
    folder = Path(tempfile.mkdtemp(prefix="lexlip-disk-"))
    mount = ["mount", "-t", "tmpfs", *options, "none", str(folder)]
    there = shutil.which("mount") is not None and not subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield folder if there else None
    finally:
        if there:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """Mount a file system of 2 MB."""
    with mounted("-o", f"size={MEGABYTES}m") as folder:
        if folder is None:
            pytest.skip("a small file system can't be mounted here (that takes root): a full disk can't be tried")
        yield folder


def require_first(index: Path, first: dict[str, Impacts]) -> None:
    """Assert that the index holds `first`, and can be searched."""
    with ImpactSearcher(index) as searcher:
        assert searcher.documents == len(first)
        assert {hit.docid for hit in searcher.search({"x": 1}, 1000)} == set(first)


FIRST: dict[str, Impacts] = {f"d{number}": {"x": 1 + number} for number in range(50)}


def test_a_disk_that_fills_during_a_build_is_named_and_leaves_no_index(small_disk: Path, tmp_path: Path) -> None:
    collection = write_collection(tmp_path / "c", documents_of(LARGE), shards=2)
    with pytest.raises((OutputError, IndexingError), match=r"index.*No space left on device") as failed:
        ImpactIndex.build(collection, small_disk / "index")
    assert "\n" not in str(failed.value)
    assert not (small_disk / "index").exists()
    ImpactIndex.build(write_collection(tmp_path / "c2", documents_of(FIRST)), small_disk / "index")
    require_first(small_disk / "index", FIRST)


@pytest.mark.parametrize("replace", [False, True])
def test_a_disk_that_fills_during_an_append_leaves_what_was_committed(replace: bool, small_disk: Path) -> None:
    index = small_disk / "index"
    create(index, [FIRST])
    files = sorted(path.name for path in index.iterdir())
    with ImpactSearcher(index) as searcher:
        for _ in range(2):
            with (
                pytest.raises(IndexingError, match=r"index.*No space left on device") as failed,
                ImpactIndex.open(index) as writing,
            ):
                writing.delete(["d1"])
                writing.add(*rows(LARGE | {"d0": {"x": 99}} if replace else LARGE), replace=replace)
            assert "\n" not in str(failed.value)
            assert sorted(path.name for path in index.iterdir()) == files  # nothing is left that takes space
            assert not searcher.refresh()
        require_first(index, FIRST)
        with ImpactIndex.open(index) as writing:
            writing.add(*rows({"more": {"x": 7}}))
        assert searcher.refresh()
    require_first(index, FIRST | {"more": {}})


def test_a_disk_that_fills_during_a_merge_leaves_what_was_committed(small_disk: Path) -> None:
    index = small_disk / "index"
    half = {docid: LARGE[docid] for docid in list(LARGE)[:900]}
    create(index, [FIRST, *({f"{part}{docid}": vector for docid, vector in half.items()} for part in range(2))])
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 65_536))
    with pytest.raises(IndexingError, match=r"index.*No space left on device"), ImpactIndex.open(index) as writing:
        writing.merge()
    with ImpactSearcher(index) as searcher:
        assert searcher.documents == len(FIRST) + 2 * len(half) and len(searcher.search({"x": 1}, 99)) == len(FIRST)
    filler.unlink()
    with ImpactIndex.open(index) as writing:
        writing.merge()
    assert writing.report.segments == 1
    require_sound(index)


def test_a_disk_without_room_for_the_commit_leaves_what_was_committed(small_disk: Path) -> None:
    index = small_disk / "index"
    create(index, [FIRST])
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(MEGABYTES << 20))
    with pytest.raises(IndexingError, match=r"index.*No space left on device"), ImpactIndex.open(index) as writing:
        writing.delete(["d1"])
    filler.unlink()
    require_first(index, FIRST)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """Make a folder that can't be written to, with an index in it. Root may write anywhere but on a read-only disk."""
    if os.geteuid() == 0:
        with mounted() as folder:
            if folder is None:
                pytest.skip("root may write everywhere, and no file system can be mounted here")
            create(folder / "index", [FIRST])
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            yield folder
    else:
        create(tmp_path / "index", [FIRST])
        for path in (tmp_path, tmp_path / "index"):
            path.chmod(0o555)
        yield tmp_path
        for path in (tmp_path, tmp_path / "index"):
            path.chmod(0o755)


def test_a_folder_that_can_not_be_written_to_is_searched_and_named(read_only: Path, tmp_path: Path) -> None:
    require_first(read_only / "index", FIRST)
    refusal = "(Read-only file system|Permission denied|AccessDenied)"
    with pytest.raises(IndexingError, match=f"{read_only}/index.*{refusal}"), ImpactIndex.open(read_only / "index"):
        pass
    collection = write_collection(tmp_path / "c", documents_of(FIRST))
    with pytest.raises(OutputError, match=f"{read_only}/other.*{refusal}"):
        ImpactIndex.build(collection, read_only / "other")
    with pytest.raises(OutputError, match=f"{read_only}/index.*{refusal}"):
        ImpactIndex.build(collection, read_only / "index", force=True)
    require_first(read_only / "index", FIRST)


@pytest.mark.parametrize("after", [2, 11])
def test_what_was_said_to_be_committed_is_there_after_a_kill(after: int, tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [FIRST])
    command = [sys.executable, "-c", COMMITS, str(index)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        while process.stdout.readline() != f"{after}\n":
            assert process.poll() is None
        time.sleep(after / 200)  # somewhere in the next rounds
        process.send_signal(signal.SIGKILL)
        said = max([after, *map(int, process.communicate()[0].split())])
    require_sound(index)
    with ImpactSearcher(index) as searcher:
        version = searcher.search({"version": 1})[0].score
        assert version in (said + 1, said + 2)  # a commit under way is whole or absent
        assert searcher.documents == len(FIRST) + 1 + version
        assert len(searcher.search({"x": 1}, 1000)) == len(FIRST) + version
        with ImpactIndex.open(index) as writing:
            writing.delete(["same", *FIRST])
            writing.merge()
        assert searcher.refresh() and searcher.documents == version
    require_sound(index)


def test_half_an_index_is_named(tmp_path: Path) -> None:
    """The rest of a killed build is not an index; an index with a file lost or cut names that file."""
    create(tmp_path / "index", [FIRST])
    partial = tmp_path / ".index.partial"
    shutil.copytree(tmp_path / "index", partial)
    for path in partial.glob("segments_*"):
        path.unlink()
    with pytest.raises(SearchError, match="partial is not a Lucene index: it has no file segments_"):
        ImpactSearcher(partial)
    for number, damage in enumerate((Path.unlink, lambda path: os.truncate(path, path.stat().st_size // 2))):
        for path in sorted((tmp_path / "index").iterdir())[number :: number + 1]:  # all; then every second
            if path.name == "write.lock":
                continue
            copy = tmp_path / f"copy{number}{path.name}"
            shutil.copytree(tmp_path / "index", copy)
            damage(copy / path.name)
            with pytest.raises(SearchError, match=f"{copy} .*") as failed:
                ImpactSearcher(copy)
            assert "\n" not in str(failed.value) and (path.name in str(failed.value) or "segments_" in path.name)
            with pytest.raises((SearchError, IndexingError), match=str(copy)), ImpactIndex.open(copy):
                pass


def test_facts_are_in_the_commit_that_they_describe(tmp_path: Path) -> None:
    """Facts and documents change at once, also for a searcher that refreshes."""
    create(tmp_path / "index", [FIRST])
    with ImpactSearcher(tmp_path / "index") as searcher:
        with ImpactIndex.open(tmp_path / "index") as writing:
            writing.delete(list(FIRST)[1:])
        assert json.loads(searcher.facts["documents"]) == searcher.documents == len(FIRST)
        assert searcher.refresh()
        assert json.loads(searcher.facts["documents"]) == searcher.documents == 1


def test_what_a_killed_build_leaves_is_named_kept_and_put_back(tmp_path: Path) -> None:
    index, partial, old = tmp_path / "index", tmp_path / ".index.partial", tmp_path / ".index.old"
    partial.mkdir()
    with pytest.raises(InputError, match=f"no such folder: {index}; writing it was cut short, and {partial} is not"):
        ImpactSearcher(index)
    create(index, [FIRST])
    index.rename(old)  # killed between the two renames that put a new index in the place of an old one
    require_first(index, FIRST)
    assert not old.exists()
    with pytest.raises(ZeroDivisionError), ImpactIndex.create(index, force=True):
        raise ZeroDivisionError
    require_first(index, FIRST)
    shutil.rmtree(index)
    with ImpactIndex.create(index) as writing:
        writing.add(*rows(FIRST))
    require_first(index, FIRST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]
