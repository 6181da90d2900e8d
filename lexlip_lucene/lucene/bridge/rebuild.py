"""Making the bridge's jar from its Java sources: `python -m lexlip_lucene.lucene.bridge.rebuild`.

Users need none of this, the jar comes with the package. It takes a `javac` of version 17 or later (`JAVA_HOME`'s, else
the one on the PATH), compiles against Anserini's jar for Java 17, and packs the class files sorted by name and without
times, so that the same sources and the same javac give the same jar to the byte. The jar's manifest names the javac
and the SHA-256 of the sources.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lexlip_lucene.errors import JavaError
from lexlip_lucene.files.written import written_file
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar

SOURCES = Path(__file__).parent / "source"

RELEASE = 17
"""Class file version 61: runs on every Java that runs Anserini."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip entry can have


def find_javac() -> Path | None:
    """Return `JAVA_HOME`'s javac, else the one on the PATH, else None."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "javac").exists():
        return Path(home) / "bin" / "javac"
    found = shutil.which("javac")
    return Path(found) if found else None


def javac_version(javac: Path) -> str:
    """Return the version that javac states (`17.0.15`)."""
    said = subprocess.run([javac, "-version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).split()[-1]


def sources_sha256() -> str:
    """SHA-256 over the names and contents of all sources, sorted by name."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def compile_sources(javac: Path, folder: Path) -> dict[str, bytes]:
    """Compile all sources into `folder`; return class file name → bytes.

    Raises:
        JavaError: javac refuses the sources; quotes it.
    """
    command = [javac, "--release", str(RELEASE), "-g:source,lines", "-Xlint:all,-classfile,-serial", "-Werror"]
    command += ["-implicit:none", "-proc:none", "-cp", find_jar().path, "-d", folder, *_sources()]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise JavaError(f"{javac} can't compile the bridge: {done.stderr.strip()}")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.class"))}


def rebuild(target: Path = BRIDGE) -> None:
    """Compile the sources and write the jar.

    Raises:
        JavaError: no javac, or it refuses the sources.
    """
    javac = find_javac()
    if javac is None:
        raise JavaError("javac is needed to build the bridge: install a JDK 17 or later, or set JAVA_HOME to one")
    with tempfile.TemporaryDirectory() as folder:
        classes = compile_sources(javac, Path(folder))
    manifest = f"Manifest-Version: 1.0\nBuilt-With: {javac_version(javac)}\nSources-SHA-256: {sources_sha256()}\n\n"
    with written_file(target, force=True) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as jar:
        for name, content in {"META-INF/MANIFEST.MF": manifest.encode(), **classes}.items():
            jar.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _sources() -> list[Path]:
    return sorted(SOURCES.rglob("*.java"))


if __name__ == "__main__":
    try:
        rebuild()
    except JavaError as error:
        sys.exit(f"error: {error}")
