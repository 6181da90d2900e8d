"""Integers that are handed in, built-in ones and numpy's; floats and truth values are none."""

from numbers import Integral

from lexlip_lucene.errors import InputError


def is_integer(value: object) -> bool:
    """Return True if `value` is an integer, Python's or numpy's."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def as_int(value: int, what: str) -> int:
    """Return `value` as a built-in int, whose arithmetic does not overflow as that of `numpy.uint8` does.

    Raises:
        InputError: it is not an integer; names `what`.
    """
    if not is_integer(value):
        raise InputError(f"{what} must be an integer, got {value!r}")
    return int(value)


def as_count(value: int, what: str) -> int:
    """Return `value` as a built-in int that is at least 1; errors as in `as_int`."""
    count = as_int(value, what)
    if count < 1:
        raise InputError(f"{what} must be at least 1, got {count}")
    return count
