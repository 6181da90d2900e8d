"""The bridge's jar: made from its sources, without anything that a later Lucene or an older Java lacks."""

import re
import zipfile
from pathlib import Path

import pytest

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.bridge import rebuild
from lexlip_lucene.lucene.jvm.java import BRIDGE


@pytest.fixture(autouse=True)
def compiled_against_lucene_9(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile against Pyserini's own jar, whatever jar the tests run on: javac 17 can't read Lucene 10."""
    monkeypatch.delenv("ANSERINI_CLASSPATH", raising=False)


def packed() -> dict[str, bytes]:
    with zipfile.ZipFile(BRIDGE) as jar:
        return {name: jar.read(name) for name in jar.namelist()}


def built_with() -> str:
    stated = re.search(rb"Built-With: (\S+)", packed()["META-INF/MANIFEST.MF"])
    assert stated is not None
    return stated[1].decode()


def test_the_jar_states_the_sources_it_was_made_from() -> None:
    assert f"Sources-SHA-256: {rebuild.sources_sha256()}".encode() in packed()["META-INF/MANIFEST.MF"]


def test_compiling_the_sources_gives_the_class_files_of_the_jar(tmp_path: Path) -> None:
    javac = rebuild.find_javac()
    if javac is None:
        pytest.skip("no javac on this machine: the class files can't be compared")
    if rebuild.javac_version(javac).split(".")[0] != built_with().split(".")[0]:
        pytest.skip(f"javac {rebuild.javac_version(javac)} writes other class files than the jar's {built_with()}")
    compiled = rebuild.compile_sources(javac, tmp_path)
    assert compiled == {name: content for name, content in packed().items() if name.endswith(".class")}


def test_every_class_file_runs_on_java_17() -> None:
    classes = {name: content for name, content in packed().items() if name.endswith(".class")}
    assert classes
    assert {int.from_bytes(content[6:8], "big") for content in classes.values()} == {rebuild.RELEASE + 44}


def test_the_sources_use_only_the_jdk_and_lucene() -> None:
    used = {
        name
        for path in rebuild.SOURCES.rglob("*.java")
        for name in re.findall(r"^import (?:static )?([\w.]+);", path.read_text(), re.MULTILINE)
    }
    assert {name for name in used if not name.startswith(("java.", "org.apache.lucene.", "lexlip."))} == set()


def test_without_javac_rebuilding_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(JavaError, match="javac is needed to build the bridge: install a JDK 17 or later"):
        rebuild.rebuild(tmp_path / "bridge.jar")


def test_rebuilding_twice_gives_the_same_jar_to_the_byte(tmp_path: Path) -> None:
    if rebuild.find_javac() is None:
        pytest.skip("no javac on this machine")
    for name in ("a.jar", "b.jar"):
        rebuild.rebuild(tmp_path / name)
    assert (tmp_path / "a.jar").read_bytes() == (tmp_path / "b.jar").read_bytes()
