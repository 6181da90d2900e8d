"""Paths on their way to Java and back: the same bytes, whichever encoding Python and Java read them in."""

import os
from functools import cache
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, java_class


def to_java(path: Path) -> str:
    """Return `path` as Java must get it.

    Raises:
        InputError: it has bytes that are not text in the encoding that Java reads paths in.
    """
    try:
        return os.fsencode(path).decode(_encoding())
    except UnicodeDecodeError:
        raise InputError(
            f"Java can't open {str(path)!r}, since paths must be valid {_encoding()} here: give it another name"
        ) from None


def from_java(text: str) -> Path:
    """Return the path that Java gave as `text`."""
    return Path(os.fsdecode(text.encode(_encoding())))


@cache
def _encoding() -> str:
    with ONE_AT_A_TIME:
        encoding: str = java_class("java.lang.System").getProperty("sun.jnu.encoding")
    return encoding
