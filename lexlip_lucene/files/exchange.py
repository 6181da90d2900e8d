"""Two names that change places in one step, so that no moment finds either of them missing.

Linux has it (`renameat2` with `RENAME_EXCHANGE`) on most of its file systems; Python does not offer it.
"""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
"""The errors of a kernel or a file system without exchange."""


def exchange(first: Path, second: Path) -> bool:
    """Let two existing names of one file system change places; return False where the system can't.

    Raises:
        OSError: the system can, but not these two: permission is missing, or a name does not exist.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(first), None, str(second))
