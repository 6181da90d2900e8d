"""The settings that are worth timing, found only by their recall: ladders of blocks, and of postings for each number of
candidates.

A rung has twice the postings of the one below it, from 1/65,536 of the index's, and the ladder ends where more would
add nothing: half-way from the wanted recall to 1. Between the last rung below the wanted recall and the first that
reaches it, halving finds about the fewest postings that do: with 0.93 at 32,000 and 0.992 at 64,000, it tries 45,000.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.records import Impacts

LEAST_SHARE = 65_536
"""The share of an index's postings on the lowest rung: 950 of 62 million, too few for any query."""

BELOW = 0.1
"""Rungs this far below the wanted recall are left out."""

NO_GAIN = 0.001
"""A rung that adds less recall than this has too few candidates, not too few postings."""

HALVINGS = 3


class Ladder(NamedTuple):
    """Settings that differ in their postings: terms and candidates as in `Approximation`."""

    terms: int
    candidates: int

    def setting(self, postings: int) -> Approximation:
        """Return the setting of so many postings."""
        return Approximation(self.terms, postings, self.candidates)


class BlockLadder(NamedTuple):
    """Settings that differ in their blocks."""

    def setting(self, blocks: int) -> Approximation:
        """Return the setting of so many blocks."""
        return Approximation(blocks=blocks)


def ladders(k: int, queries: Sequence[Impacts]) -> list[Ladder]:
    """Return the ladders to climb for the top `k`: some numbers of candidates, and one with half of a query's terms."""
    lengths = sorted(len(query) for query in queries)
    half = lengths[len(lengths) // 2] // 2
    with_all = [Ladder(EVERYTHING, times * k) for times in (2, 5, 10, 20)]
    return [*with_all, Ladder(half, 10 * k)] if half else with_all


def climb(recall: Callable[[int], float], postings: int, wanted: float) -> list[int]:
    """Return the numbers of postings, or of blocks, worth timing on one ladder, ascending, at least one.

    Args:
        recall: number of postings → recall.
        postings: the top of the ladder, those of the index.
        wanted: recall, 0..1.
    """
    rungs: list[tuple[int, float]] = []
    at = max(postings // LEAST_SHARE, 1)
    while not _is_enough(rungs, postings, wanted):
        rungs.append((round_number(at), recall(round_number(at))))
        at *= 2
    worth = {number for number, reached in rungs if reached >= wanted - BELOW} or {rungs[-1][0]}
    return sorted(worth | _between(recall, rungs, wanted))


def round_number(number: float) -> int:
    """Return `number` to two digits: 81,920 → 82,000."""
    return int(float(f"{number:.1e}"))


def _is_enough(rungs: Sequence[tuple[int, float]], postings: int, wanted: float) -> bool:
    if not rungs:
        return False
    last, reached = rungs[-1]
    # After rungs that find nothing, the next may still find all.
    levels_off = len(rungs) > 1 and reached > 0.5 and reached - rungs[-2][1] < NO_GAIN
    return last >= postings or reached >= (1 + wanted) / 2 or levels_off


def _between(recall: Callable[[int], float], rungs: Sequence[tuple[int, float]], wanted: float) -> set[int]:
    """Return about the fewest postings that reach the wanted recall, when that lies between two rungs."""
    first = next((place for place, (_, reached) in enumerate(rungs) if reached >= wanted), 0)
    if first == 0:
        return set()
    low, high = rungs[first - 1][0], rungs[first][0]
    for _ in range(HALVINGS):
        middle = round_number((low * high) ** 0.5)
        if recall(middle) >= wanted:
            high = middle
        else:
            low = middle
    return {high}
