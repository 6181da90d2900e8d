"""Errors of the machine, which are not damage: a permission that is missing, files that may not be opened any more.

They are known by type: in Python by the number of the system's error, in Java by the class of the exception.
"""

import errno
import os

_NUMBERS = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE)
_DENIED = "java.nio.file.AccessDeniedException"
_OTHER = "java.nio.file.FileSystemException"


def environment_reason(error: BaseException) -> str | None:
    """Return what the machine refused if `error`, or what it was raised from, is of that kind; None otherwise."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _NUMBERS:
            return os.strerror(cause.errno)
        java = getattr(cause, "classname", None)  # of an exception of pyjnius, which is not loaded for this
        if java == _DENIED:
            return os.strerror(errno.EACCES)
        if java == _OTHER:  # "file: reason", and of this very class, not of one such as NoSuchFileException
            return str(getattr(cause, "innermessage", None)).rpartition(": ")[2]
        cause = cause.__cause__
    return None
