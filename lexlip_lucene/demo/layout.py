"""The layout of objects: places that do not overlap, and the relations of two groups to each other.

Boxes and pixels only; it knows neither shapes nor colours.
"""

from collections.abc import Sequence

from numpy.random import Generator

from lexlip_lucene.demo.scene import SIDE, Box

GAP = 1
"""Pixels that stay free between two boxes and along the picture's edge."""

NEAR = SIDE // 5
"""Groups with at most this many pixels between them are beside each other."""

TRIES = 40
"""Random places tried for one object before the whole layout is given up."""


def place(groups: Sequence[Sequence[int]], rng: Generator) -> list[list[Box]] | None:
    """Find a box for each object, those of one group close together.

    Args:
        groups: the sides of the objects of each group, in pixels.
        rng: decides the places.

    Returns:
        The boxes in the order of `groups`; None where the objects did not fit this time.
    """
    taken: list[Box] = []
    placed = []
    for sides in groups:
        members: list[Box] = []
        for side in sides:
            box = _free_box(side, members[-1:], taken, rng)
            if box is None:
                return None
            members.append(box)
            taken.append(box)
        placed.append(members)
    return placed


def relations(first: Sequence[Box], second: Sequence[Box]) -> list[str]:
    """Return the relations of the boxes `first` to the boxes `second`: some of left, right, above, below and beside.

    `first` is left of `second` when all of it ends before any of `second` begins and it lies more to the side
    than up or down; beside means left or right of it, and at most `NEAR` pixels away.
    """
    a, b = _hull(first), _hull(second)
    across = abs(a.left + a.right - b.left - b.right)
    down = abs(a.top + a.bottom - b.top - b.bottom)
    if across >= down and (a.right <= b.left or b.right <= a.left):
        side = "left" if a.right <= b.left else "right"
        gap = max(b.left - a.right, a.left - b.right)
        return [side, "beside"] if gap <= NEAR else [side]
    if down >= across and (a.bottom <= b.top or b.bottom <= a.top):
        return ["above" if a.bottom <= b.top else "below"]
    return []


def _free_box(side: int, neighbour: Sequence[Box], taken: Sequence[Box], rng: Generator) -> Box | None:
    low, high = GAP, SIDE - GAP - side
    for _ in range(TRIES):
        left, top = (int(at) for at in rng.integers(low, high + 1, size=2))
        box = Box(left, top, left + side, top + side)
        close = all(abs(left - other.left) + abs(top - other.top) <= 2 * side for other in neighbour)
        if close and not any(_touch(box, other) for other in taken):
            return box
    return None


def _touch(a: Box, b: Box) -> bool:
    across = a.left < b.right + GAP and b.left < a.right + GAP
    return across and a.top < b.bottom + GAP and b.top < a.bottom + GAP


def _hull(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))
