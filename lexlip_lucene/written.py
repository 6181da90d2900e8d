"""Queries and filters as a person writes them: `token:weight …` and `KEY=VALUE`."""

import re
from collections.abc import Sequence

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts

_WEIGHT = re.compile("-?[0-9]{1,18}")  # more digits Python refuses with an error of its own


def parse_weights(text: str, *, least: int = 1) -> Impacts | None:
    """Read `token:weight token:weight …`; None when `text` is not that.

    Args:
        text: the last colon of a word parts the token from its weight.
        least: the smallest weight; 0 where a weight of 0 says that a token is taken out.

    Raises:
        InputError: a weight is not an integer from `least` on, or a token occurs twice.
    """
    weights: Impacts = {}
    for word in text.split():
        token, colon, weight = word.rpartition(":")
        if not colon or not token or not _WEIGHT.fullmatch(weight):
            return None
        if int(weight) < least:
            sign = "a positive integer" if least else "a non-negative integer"
            raise InputError(f"query token {token!r} needs {sign} weight, got {weight}")
        if token in weights:
            raise InputError(f"query token {token!r} occurs twice; add the weights up")
        weights[token] = int(weight)
    return weights or None


def parse_filters(texts: Sequence[str], option: str) -> dict[str, list[str]]:
    """Return field → values of `KEY=VALUE …`; a value may hold `=`, and a key may come again with another value.

    Raises:
        InputError: one is not KEY=VALUE; names the `option`.
    """
    filters: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key or not value:
            raise InputError(f"{option} needs KEY=VALUE, got {text!r}")
        filters.setdefault(key, []).append(value)
    return filters
