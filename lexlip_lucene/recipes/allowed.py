"""The keys that a mapping for another library may have, and the values of each.

A recipe and a model's `config.json` may come from anybody, and a library's free arguments open files, fetch from hubs
and call functions by name. So what is handed on is listed, key by key, and everything else is refused.
"""

import reprlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeGuard

LONGEST_LIST = 128
"""Values of one key: no network that is known has more layers."""


class Values(NamedTuple):
    """The values that a key may have: `said` describes them in an error, `fit` tests one."""

    said: str
    fit: Callable[[object], bool]


FLAG = Values("true or false", lambda value: isinstance(value, bool))


def whole(low: int, high: int) -> Values:
    """Return the whole numbers in `low`..`high`."""
    return Values(f"a whole number in {low}..{high}", lambda value: type(value) is int and low <= value <= high)


def number(low: float, high: float) -> Values:
    """Return the numbers in `low`..`high`."""
    return Values(f"a number in {low}..{high}", lambda value: _is_number(value) and low <= value <= high)


def one_of(*names: str) -> Values:
    """Return these texts."""
    return Values(f"one of {', '.join(map(repr, names))}", lambda value: isinstance(value, str) and value in names)


def either(*kinds: Values) -> Values:
    """Return the values of all `kinds`."""
    return Values(" or ".join(kind.said for kind in kinds), lambda value: any(kind.fit(value) for kind in kinds))


def list_of(kind: Values) -> Values:
    """Return the lists of values of `kind`."""
    return Values(
        f"a list of {kind.said}",
        lambda value: isinstance(value, list | tuple) and len(value) <= LONGEST_LIST and all(map(kind.fit, value)),
    )


def or_list(kind: Values) -> Values:
    """Return the values of `kind` and lists of them."""
    return either(kind, list_of(kind)._replace(said="a list of such"))


def mapping(keys: Mapping[str, Values]) -> Values:
    """Return the mappings that have no other keys than these."""
    return Values(
        f"a mapping of {', '.join(keys)}",
        lambda value: isinstance(value, dict) and all(key in keys and keys[key].fit(value[key]) for key in value),
    )


def require_allowed(given: Mapping[str, object], allowed: Mapping[str, Values], what: str) -> None:
    """Raise ValueError when `given` has a key or a value that is not `allowed`; null is always allowed.

    Args:
        given: the mapping, from anybody.
        allowed: key → values.
        what: the name of such a key in the error.
    """
    for key, value in given.items():
        if key not in allowed:
            raise ValueError(f"{_shown(key)} is no {what} that may be set; those are {', '.join(sorted(allowed))}")
        if value is not None and not allowed[key].fit(value):
            raise ValueError(f"{key} must be {allowed[key].said}, got {reprlib.repr(value)}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(key: str) -> str:
    return key if key.isidentifier() and len(key) < 80 else reprlib.repr(key)
