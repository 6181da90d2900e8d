"""Matched places: how much of a score each place of a picture and each place of another give together.

A visual word w contributes c_w = query weight × impact to the score. It is shared out over the places that have it, by
how strongly each does: the pair of a place p of the query and a place q of the document gets

    m[p, q] = Σ over words w of  c_w × share_w(p) × share_w(q)

so all pairs add up to what the visual words gave, and the row of p to what was found through p.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.vectors.patch_map import Grid


class Match(NamedTuple):
    """A pair of places, counted in reading order from 0, and what it gives to the score."""

    query_place: int
    document_place: int
    contribution: float


@dataclass(frozen=True, eq=False)
class PlaceMatches:
    """The pairs of places of two pictures.

    Attributes:
        grid: the places of either picture.
        contributions: (places of the query, places of the document) float64 ≥ 0; the sum is the visual words' score.
    """

    grid: Grid
    contributions: NDArray[np.float64]

    @property
    def score(self) -> float:
        """The part of the score that the visual words gave."""
        return float(self.contributions.sum())

    def strongest(self, count: int) -> list[Match]:
        """Return the pairs that give most, no place of the query twice, strongest first; none that gives nothing."""
        best = self.contributions.argmax(axis=1)
        values = self.contributions[np.arange(len(best)), best]
        order = np.argsort(-values, kind="stable")[:count]
        return [Match(int(place), int(best[place]), float(values[place])) for place in order if values[place] > 0]

    def light(self, *, query: bool) -> NDArray[np.float32]:
        """Return what each place of one picture gives (rows, columns), as a share of its largest."""
        given = self.contributions.sum(axis=1 if query else 0)
        shares = given / max(float(given.max()), 1e-30)
        return np.asarray(shares.reshape(self.grid[:2]), dtype=np.float32)


def place_matches(
    grid: Grid,
    contributions: NDArray[np.float64],
    query: NDArray[np.float64],
    document: NDArray[np.float64],
) -> PlaceMatches:
    """Return the matches of visual words.

    Args:
        grid: the places of either picture.
        contributions: (words,) ≥ 0, what each word gave to the score.
        query: (places, words) ≥ 0, how strong each word is in each place of the query.
        document: the same of the document.
    """
    return PlaceMatches(grid, (_shares(query) * contributions) @ _shares(document).T)


def _shares(strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return strengths (places, words) as shares of each word's sum.

    A word without any place, which rounding may have taken from it since it was encoded, is of all places alike.
    """
    total = strengths.sum(axis=0)
    alike = np.full_like(strengths, 1 / len(strengths))
    return np.where(total > 0, strengths / np.where(total > 0, total, 1), alike)
