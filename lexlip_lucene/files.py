"""Files and folders that appear under their final name whole, or not at all.

A writer works under a temporary name beside the target and renames at the end. When it fails (a full disk,
Ctrl-C) the target is untouched and the temporary name stays behind for a look; the next run with the same
target replaces it.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lexlip_lucene.errors import InputError, OutputError


def require_file(path: Path, what: str) -> Path:
    """Return `path`, or raise InputError that names `what` was wanted there."""
    if not path.exists():
        raise InputError(f"{what}: no such file: {path}")
    if not path.is_file():
        raise InputError(f"{what}: a file is needed, but this is a folder: {path}")
    return path


def require_folder(path: Path, what: str) -> Path:
    """Return `path`, or raise InputError that names `what` was wanted there."""
    if not path.exists():
        raise InputError(f"{what}: no such folder: {path}{_left_behind(path)}")
    if not path.is_dir():
        raise InputError(f"{what}: a folder is needed, but this is a file: {path}")
    return path


def _left_behind(target: Path) -> str:
    """Say what a run that was killed left instead of the folder `target`."""
    if not target.name:
        return ""
    if _old_name(target).exists():
        return f"; replacing it was cut short, and what it was before is {_old_name(target)}: rename that"
    if temporary_name(target).exists():
        return f"; writing it was cut short, and {temporary_name(target)} is not complete: run that again"
    return ""


def require_absent(path: Path, *, force: bool) -> None:
    """Raise OutputError when `path` exists and `force` is off. Call it before the work, not after."""
    if path.exists() and not force:
        raise OutputError(f"{path} exists already: choose another name, or overwrite it with --force")


def require_writable(path: Path, *, force: bool) -> None:
    """Raise OutputError when `path` could not become a file in the end. Call it before the work, not after."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder, so --force does not replace it: choose another name")
    require_absent(path, force=force)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise OutputError(f"{path} can't be written: {above} is a file, and a folder is needed there")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{path} can't be written: nothing may be written into {above}")


def temporary_name(target: Path) -> Path:
    """The name a result has while it is being written: beside `target`, so that a rename is atomic."""
    if not target.name:
        raise OutputError(f"{target} can't be written to: give the result a name of its own")
    return target.with_name(f".{target.name}.partial")


def _old_name(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


@contextmanager
def written_file(target: Path, *, force: bool = False) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `target` when the block ends well.

    Raises:
        OutputError: `target` exists and `force` is off, or the system can't write it.
    """
    require_absent(target, force=force)
    partial = temporary_name(target)
    with system_errors_named(target, partial):
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)


@contextmanager
def written_folder(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block ends well.

    Raises:
        OutputError: `target` exists and `force` is off, or the system can't write it.
    """
    require_absent(target, force=force)
    partial = temporary_name(target)
    with system_errors_named(target, partial):
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        yield partial
        replace_folder(partial, target)


def replace_folder(source: Path, target: Path) -> None:
    """Rename `source` to `target`; what was at `target` goes away only once the new one is in place."""
    old = _old_name(target)
    if target.exists():  # else a run was killed between the two renames, and the old one is all there is
        if old.exists():
            shutil.rmtree(old)
        os.replace(target, old)
    try:
        os.replace(source, target)
    except OSError:
        if old.exists():
            os.replace(old, target)
        raise
    remove_replaced(target)


def remove_replaced(target: Path) -> None:
    """Remove what `target` was before `replace_folder`, which may have been killed before it could."""
    old = _old_name(target)
    if old.is_dir():
        shutil.rmtree(old)
    elif old.exists():
        old.unlink()


@contextmanager
def system_errors_named(target: Path, partial: Path) -> Iterator[None]:
    """Turn an error of the system while `partial` is written into an OutputError that names `target`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"could not write {target}: {reason}; the target is untouched, what was written so far is {partial}"
        ) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def bytes_below(folder: Path) -> int:
    """Sum of the sizes of all files below `folder`, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
