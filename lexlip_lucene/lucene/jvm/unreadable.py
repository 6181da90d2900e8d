"""The reason that an index or its input can't be read: the environment, or damage. The class of the error decides.

Only Lucene's own exceptions for damage, and a file that ends early, say that an index is to be built again. A missing
permission, a file that is gone or too many open files say nothing about what is in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.jvm.java import find_jar

LOCKED = "org.apache.lucene.store.LockObtainFailedException"
OUT_OF_MEMORY = "java.lang.OutOfMemoryError"

_LATER = (
    "org.apache.lucene.index.IndexFormatTooNewException",
    # A codec, or a creator's version, that this Lucene does not know. It reads the checksum before it says so.
    "java.lang.IllegalArgumentException",
)
_EARLIER = "org.apache.lucene.index.IndexFormatTooOldException"
_DAMAGED = ("org.apache.lucene.index.CorruptIndexException", "java.io.EOFException")

_PATH_ONLY = {
    "java.nio.file.AccessDeniedException": "Permission denied",
    "java.nio.file.NoSuchFileException": "No such file or folder",
    "java.nio.file.NotDirectoryException": "Not a folder",
}
"""Java exceptions whose message is a path and nothing else → what they mean."""

_SYSTEM = ("java.io", "java.nio.file", "java.nio.channels")
"""Packages of exceptions that pass on what the system said."""


def said(java: str, message: str | None, path: Path | str | None = None) -> str:
    """Return what a Java exception of the class `java` says, on one line; without `path`, which comes before it."""
    package, _, name = java.rpartition(".")
    line = " ".join((message or name).split())
    if java in _PATH_ONLY:
        return _PATH_ONLY[java] if line == str(path) else f"{_PATH_ONLY[java]}: {line}"
    if java == "java.nio.file.FileSystemException":  # the path, and then the reason
        return line.removeprefix(f"{path}: ")
    return f"{name}: {line}" if package == "java.nio.file" and message else line


def of_the_system(java: str) -> bool:
    """Say whether a Java exception of the class `java` is the system's, not Lucene's or a fault of code."""
    return java.rpartition(".")[0] in _SYSTEM and java not in _DAMAGED


def damaged(java: str) -> bool:
    """Say if a Java exception of the class `java` means damage where the files of an index are read one by one."""
    return java in (*_DAMAGED, "java.nio.file.NoSuchFileException")


def why_not_readable(java: str, message: str | None) -> str:
    """Return why an index can't be opened, to be put behind its name, for a Java exception of the class `java`."""
    reason = said(java, message)
    if of_the_system(java):
        return f"can't be read: {reason}"
    lucene = find_jar().lucene
    if java in _LATER:
        return f"was written by a later Lucene than the {lucene} here: build it again, or search it where it was built"
    if java == _EARLIER:
        return f"was written by a Lucene too early for the {lucene} here ({reason}): build it again"
    if java in _DAMAGED:
        return f"can't be opened by Lucene {lucene} ({reason}): build it again"
    return f"can't be opened by Lucene {lucene} ({java.rpartition('.')[2]}: {reason})"


@contextmanager
def reading() -> Iterator[None]:
    """Turn an error of the system in the block, which reads what is to be indexed, into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"can't read {error.filename or 'the input'}: {error.strerror or error}") from error
