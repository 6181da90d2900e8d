"""Files and folders that appear under their final name whole, or not at all, also after a power cut.

A writer works under a temporary name beside the target. What it wrote is on the disk (`durable.py`) before it gets the
target's name in one step (`exchange.py` where something is replaced), and only then does what was there go. When it
fails (a full disk, Ctrl-C) the target is untouched and the temporary name stays behind for a look; the next run with
the same target replaces it.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.durable import make_folders, rename, sync, sync_below
from lexlip_lucene.files.exchange import exchange

_ATTEMPTS = 3
"""At replacing in two steps, while a reader may put the old one back between them."""


def require_file(path: Path, what: str) -> Path:
    """Return `path`, or raise InputError that names `what` was wanted there."""
    if not _readable(path, what):
        raise InputError(f"{what}: no such file: {path}")
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise InputError(f"{what}: a file is needed, but this is {kind}: {path}")
    return path


def require_folder(path: Path, what: str) -> Path:
    """Return `path`, or raise InputError that names `what` was wanted there."""
    if not _readable(path, what):
        raise InputError(f"{what}: no such folder: {path}{_left_behind(path)}")
    if not path.is_dir():
        raise InputError(f"{what}: a folder is needed, but this is a file: {path}")
    return path


def _readable(path: Path, what: str) -> bool:
    try:
        return _there(path)
    except OSError as error:  # no permission for a folder above it, or links in a circle
        raise InputError(f"{what}: can't read {path}: {error.strerror}") from error


def restore_replaced(path: Path) -> None:
    """Give `path`, or a folder above it, its name back where a replacement was cut short between its two renames.

    Only a system that can't exchange two names leaves that behind.
    """
    for target in (path, *path.parents):
        if target.name and not os.path.lexists(target) and os.path.lexists(_old_name(target)):
            rename(_old_name(target), target)


def _there(path: Path) -> bool:
    """Say if `path` exists, once what a killed replacement left has its name back."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        restore_replaced(path)
        return path.exists()
    except ValueError:  # a null byte, which no name has
        return False
    return True


def _left_behind(target: Path) -> str:
    """Say what a run that was killed left instead of the folder `target`."""
    if target.name and temporary_name(target).exists():
        return f"; writing it was cut short, and {temporary_name(target)} is not complete: run that again"
    return ""


def require_absent(path: Path, *, force: bool) -> None:
    """Raise OutputError when `path` exists and `force` is off, or can't be. Call it before the work, not after."""
    if path.suffix.lower() == ".gz":
        raise OutputError(f"{path}: results are written as they are, not compressed: leave .gz out of the name")
    if _there(path) and not force:
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
    """Return the name of a result while it is being written: beside `target`, so that a rename is atomic."""
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
        make_folders(target.parent)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        rename(partial, target)


@contextmanager
def written_path(target: Path) -> Iterator[Path]:
    """Yield a path for a library to write a file at, which becomes `target`, in the place of any other.

    Raises:
        OutputError: the system can't write it.
    """
    partial = temporary_name(target)
    with system_errors_named(target, partial):
        make_folders(target.parent)
        partial.unlink(missing_ok=True)
        partial.touch()
        mode = partial.stat().st_mode
        yield partial
        partial.chmod(mode)  # a library that writes under a name of its own makes it for its owner only
        sync(partial)
        rename(partial, target)


@contextmanager
def written_folder(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block ends well; the modes of its files follow the umask.

    Raises:
        OutputError: `target` exists and `force` is off, or the system can't write it.
    """
    require_absent(target, force=force)
    partial = temporary_name(target)
    with system_errors_named(target, partial):
        make_folders(partial.parent)
        _remove(partial)
        partial.mkdir()
        mode = partial.stat().st_mode & 0o666
        yield partial
        for file in partial.rglob("*"):
            if file.is_file() and not file.is_symlink():
                file.chmod(mode)  # as in written_path
        replace_folder(partial, target)


def replace_folder(source: Path, target: Path) -> None:
    """Let `source` take the place and name of `target`, which is removed only when the new one is durable.

    It is one step where the system can exchange names. Elsewhere it is two, and `restore_replaced` mends what a kill
    between them leaves.
    """
    sync_below(source)
    if not os.path.lexists(target):
        rename(source, target)
    elif exchange(source, target):
        sync(target.parent)
        sync(source.parent)
        _remove(source)  # which is what `target` was
    else:
        _replace_in_two_steps(source, target)
    remove_replaced(target)


def _replace_in_two_steps(source: Path, target: Path) -> None:
    for attempt in range(_ATTEMPTS):
        if os.path.lexists(target):
            remove_replaced(target)
            rename(target, _old_name(target))
        try:
            rename(source, target)
            return
        except OSError as error:
            put_back = error.errno in (errno.ENOTEMPTY, errno.EEXIST)  # by a reader that found no `target`
            if not put_back or attempt == _ATTEMPTS - 1:
                restore_replaced(target)
                raise


def remove_replaced(target: Path) -> None:
    """Remove what `target` was before `replace_folder`, which may have been killed before it could."""
    _remove(_old_name(target))


def _remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
