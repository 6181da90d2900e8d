"""The pointing game: does the largest place of a token's map lie on what the token names?

(Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016.) A map hits when the middle of its largest
place is in the box of any object that the token names; a token without a weight anywhere misses. Two baselines need no
map: the middle of the picture, and a place drawn at random, whose expected value is the share of places whose middle
is in a box. With a grid of 2 × 2 and one box over the upper left quarter, a random place hits in 1 of 4 draws.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lexlip_lucene.vectors.patch_map import Box, Grid, PatchMap


class Pointed(NamedTuple):
    """Hits of a map, of the middle of the picture, and of a random place, as fractions of `maps`."""

    maps: int
    hits: float
    centre: float
    random: float


def pointing_accuracy(maps: Iterable[tuple[PatchMap, Sequence[Box]]]) -> Pointed:
    """Return how often maps hit.

    Args:
        maps: each map with the boxes (fractions of the picture) of what its token names; at least one map.
    """
    found = [(each.box is not None and _hits(each.box, boxes), each.grid, boxes) for each, boxes in maps]
    whole = Box(0, 0, 1, 1)
    return Pointed(
        maps=len(found),
        hits=_mean(hit for hit, _, _ in found),
        centre=_mean(_hits(whole, boxes) for _, _, boxes in found),
        random=_mean(_random_place(grid, boxes) for _, grid, boxes in found),
    )


def _hits(place: Box, boxes: Sequence[Box]) -> bool:
    across, down = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    return any(box.left <= across < box.right and box.top <= down < box.bottom for box in boxes)


def _random_place(grid: Grid, boxes: Sequence[Box]) -> float:
    places = range(grid.rows * grid.columns)
    return _mean(_hits(grid.box(grid.cell(number)), boxes) for number in places)


def _mean(values: Iterable[float]) -> float:
    taken = [float(value) for value in values]
    return sum(taken) / len(taken)
