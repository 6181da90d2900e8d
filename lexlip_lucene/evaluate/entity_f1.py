"""Strict F1 of entities: one counts as found if its first word, its last word and its type are all right.

precision = right / found, recall = right / there, F1 = 2 · right / (found + there). It is what seqeval gives in its
strict mode with IOB2, as a micro average; a test compares both.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple


class EntityFigures(NamedTuple):
    """The figures as fractions, and the counts that they come from. A figure without any entity is 0."""

    precision: float
    recall: float
    f1: float
    right: int
    found: int
    there: int


def entity_figures(found: Sequence[Iterable[Hashable]], there: Sequence[Iterable[Hashable]]) -> EntityFigures:
    """Compare the entities found in each text with those that are there; both are compared as whole values."""
    right = found_in_all = there_in_all = 0
    for mine, true in zip(found, there, strict=True):
        mine_set, true_set = set(mine), set(true)
        right += len(mine_set & true_set)
        found_in_all += len(mine_set)
        there_in_all += len(true_set)
    return EntityFigures(
        precision=right / max(found_in_all, 1),
        recall=right / max(there_in_all, 1),
        f1=2 * right / max(found_in_all + there_in_all, 1),
        right=right,
        found=found_in_all,
        there=there_in_all,
    )
