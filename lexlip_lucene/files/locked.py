"""A result that one process at a time may write: the second is refused at once.

The lock is the kernel's, on a file beside the result, so it goes with the process that has it, however that ends.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.durable import make_folders

_NOT_TO_BE_WRITTEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def lock_name(target: Path) -> Path:
    """Return the name of the lock of `target`, which exists while it is held."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def locked(target: Path, what: str) -> Iterator[None]:
    """Hold the lock of `target` in the block.

    There is none in a folder that can't be written to: no run can change anything there.

    Args:
        target: the result; its folder is made if it does not exist.
        what: who writes there, for the message: "`lexlip photos`".

    Raises:
        OutputError: another process holds it.
    """
    held = _acquired(target.absolute(), what)
    try:
        yield
    finally:
        if held is not None:
            lock_name(target.absolute()).unlink(missing_ok=True)  # before it is free: nobody else holds this name
            os.close(held)


def _acquired(target: Path, what: str) -> int | None:
    """Return the descriptor of the locked file; None if there can't be one."""
    if sys.platform == "win32":
        return None
    import fcntl

    path = lock_name(target)
    while True:
        try:
            make_folders(path.parent)
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno in _NOT_TO_BE_WRITTEN:
                return None
            raise OutputError(f"{target} can't be written: {path}: {error.strerror}") from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise OutputError(
                f"{target} is being written by another run of {what}: wait until it has ended, or end it"
            ) from None
        if _is_still(held, path):
            return held
        os.close(held)  # the one who had it removed the name between our two steps


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
