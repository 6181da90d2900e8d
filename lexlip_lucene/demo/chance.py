"""Drawing lots: one of several, the usual one or another."""

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

Option = TypeVar("Option")


def pick(options: Sequence[Option], rng: Generator) -> Option:
    """Return one of `options` (not empty), each as likely as the next."""
    return options[int(rng.integers(len(options)))]


def pick_usual(options: Sequence[Option], usual: float, rng: Generator) -> Option:
    """Return the first of `options` with probability `usual`, otherwise one of the rest."""
    if len(options) == 1 or rng.random() < usual:
        return options[0]
    return pick(options[1:], rng)
