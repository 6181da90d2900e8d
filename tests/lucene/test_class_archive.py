"""The archive of Java classes that lets a JVM start faster."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.bridge_collections import write_collection

from lexlip_lucene.lucene.jvm import class_archive
from lexlip_lucene.lucene.jvm.class_archive import CLASSES, KEPT, archive_options, archiving
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar, find_java
from lexlip_lucene.records import Document


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lexlip-lucene"


def options() -> list[str]:
    return archive_options(find_java(), [find_jar().path, BRIDGE])


def lexlip(*arguments: str | Path, java: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lexlip_lucene", *map(str, arguments)]
    given = {**os.environ, "JAVA_TOOL_OPTIONS": java} if java else None
    return subprocess.run(command, capture_output=True, text=True, check=True, env=given)


def test_classes_of_the_list_are_in_the_jar() -> None:
    named = [line for line in CLASSES.read_text().splitlines() if not line.startswith("@")]  # the others are lambdas
    with zipfile.ZipFile(BRIDGE) as jar:
        ours = {name.removesuffix(".class") for name in jar.namelist()}
    assert len(named) > 500 and {name for name in named if name.startswith("lexlip/")} <= ours


def test_an_index_is_made_with_an_archive_that_a_search_maps(cache: Path, tmp_path: Path) -> None:
    assert options() == []
    write_collection(tmp_path / "c", [Document("a", "", {"red": 3})])
    lexlip("index", tmp_path / "c", tmp_path / "i")
    [archive] = cache.iterdir()
    assert options()[0] == f"-XX:SharedArchiveFile={archive}"
    found = lexlip("search", tmp_path / "i", "--query", "red:2", java=f"-Xlog:class+load:file={tmp_path / 'log'}")
    assert "1 hits" in found.stdout
    loaded = (tmp_path / "log").read_text()
    assert "lexlip.search.Searches source: shared objects file" in loaded
    assert "org.apache.lucene.index.DirectoryReader source: shared objects file" in loaded


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 100_000])
def test_an_archive_that_is_damaged_is_passed_over_in_silence(cache: Path, tmp_path: Path, content: bytes) -> None:
    with archiving():
        pass
    [archive] = cache.iterdir()
    archive.chmod(0o600)
    archive.write_bytes(content or archive.read_bytes()[:1_000_000])
    write_collection(tmp_path / "c", [Document("a", "", {"red": 3})])
    lexlip("index", tmp_path / "c", tmp_path / "i")
    found = lexlip("search", tmp_path / "i", "--query", "red:2")
    assert "1 hits" in found.stdout and found.stderr == ""


@pytest.mark.parametrize("cache", ["file", "a" * 300, "ho\udcffme", "../relative"])
def test_a_cache_that_cannot_be_used_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", cache if cache.startswith("..") else f"{tmp_path}/{cache}")
    with archiving():
        pass
    assert options() == []


def test_an_archive_with_damage_inside_is_passed_over(cache: Path, tmp_path: Path) -> None:
    with archiving():
        pass
    [archive] = cache.iterdir()
    content = bytearray(archive.read_bytes())
    content[8192:] = bytes(each ^ 0x55 for each in content[8192:])
    archive.chmod(0o600)
    archive.write_bytes(content)
    write_collection(tmp_path / "c", [Document("a", "", {"red": 3})])
    lexlip("index", tmp_path / "c", tmp_path / "i")
    assert "1 hits" in lexlip("search", tmp_path / "i", "--query", "red:2").stdout


def test_an_error_of_the_work_beside_is_raised_and_nothing_half_made_stays(cache: Path) -> None:
    with pytest.raises(ValueError, match="beside"), archiving():
        raise ValueError("beside")
    assert [path.suffix for path in cache.iterdir()] == [".jsa"]


def test_old_archives_go_and_what_was_left_half_made(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".making-1").mkdir()
    os.utime(cache / ".making-1", (1, 1))
    for number in range(KEPT + 2):
        (cache / f"classes-{number}.jsa").write_bytes(b"")
        os.utime(cache / f"classes-{number}.jsa", (number, number))
    class_archive._drop_oldest(cache)
    assert sorted(path.name for path in cache.iterdir()) == [f"classes-{number}.jsa" for number in (2, 3, 4)]
