"""Paths in Java's encoding, which the JVM takes from the locale when it starts.

Python reads paths as UTF-8 in the locales C and POSIX, and where the locale is not installed; Java reads them as ASCII
there. So Java starts under C.UTF-8 wherever Python reads UTF-8 or ASCII, and under the locale as it is elsewhere.
"""

import locale
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def locale_settings() -> dict[str, str]:
    """Return the environment variables under which a JVM reads paths as this process does, beside its own."""
    return {"LC_ALL": "C.UTF-8"} if sys.getfilesystemencoding() in ("utf-8", "ascii") else {}


@contextmanager
def java_locale() -> Iterator[None]:
    """Give the block the environment that `locale_settings` says; afterwards this process has its own again.

    The JVM sets the C library's locale from the environment for the whole process, that of numbers included.
    """
    settings, own = locale_settings(), locale.setlocale(locale.LC_ALL)
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, own)
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
