"""Drawn scenes, known to the pixel: which objects two of them share, and if a place lies on one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from lexlip_lucene.demo.scene import SIDE
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_json_lines
from lexlip_lucene.vectors.patch_map import Box, Grid
from lexlip_lucene.vectors.place_matches import PlaceMatches

Pair: TypeAlias = tuple[str, str]
"""A shape and a colour."""


class Thing(NamedTuple):
    """An object of a scene: shape, colour, and its box as fractions of the picture."""

    shape: str
    colour: str
    box: Box

    @property
    def pair(self) -> Pair:
        """Shape and colour."""
        return self.shape, self.colour


Scenes: TypeAlias = Mapping[str, Sequence[Thing]]
"""Id → the objects of a scene."""


def read_things(captions: Path, split: str) -> dict[str, list[Thing]]:
    """Return the objects of the scenes of a split, as `lexlip_lucene.demo.scenes` writes them.

    Raises:
        InputError: the split has no scene, or one has no objects.
    """
    found: dict[str, list[Thing]] = {}
    for where, record in read_json_lines(captions, "captions of scenes"):
        if record.get("split") == split:
            if not record.get("objects"):
                raise InputError(f"{where}: no objects: the scenes that `lexlip demo` draws are needed")
            found[str(record["id"])] = [_thing(each) for each in record["objects"]]
    if not found:
        raise InputError(f"{captions}: no scene of split {split!r}")
    return found


def _thing(record: Mapping[str, Any]) -> Thing:
    return Thing(record["shape"], record["colour"], Box(*(side / SIDE for side in record["box"])))


def shares_shape(one: Sequence[Thing], other: Sequence[Thing]) -> bool:
    """Return True if both have an object of one shape."""
    return bool({thing.shape for thing in one} & {thing.shape for thing in other})


def shares_pair(one: Sequence[Thing], other: Sequence[Thing]) -> bool:
    """Return True if both have an object of one shape and colour."""
    return bool({thing.pair for thing in one} & {thing.pair for thing in other})


def shares_elsewhere(one: Sequence[Thing], other: Sequence[Thing]) -> bool:
    """Return True if both have an object of one shape and colour, and no such object overlaps its like."""
    alike = [(a.box, b.box) for a in one for b in other if a.pair == b.pair]
    return bool(alike) and not any(_overlap(*boxes) for boxes in alike)


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) > max(one.left, other.left)
    return across and min(one.bottom, other.bottom) > max(one.top, other.top)


SHARED: Mapping[str, Callable[[Sequence[Thing], Sequence[Thing]], bool]] = {
    "shape": shares_shape,
    "shape and colour": shares_pair,
    "elsewhere": shares_elsewhere,
}


class Pointed(NamedTuple):
    """The outcome for one object of a picture that searched: 0 or 1, and what chance would give, 0 to 1.

    Attributes:
        hit: the strongest match of the object's places lies on an object of that shape and colour.
        same_place: so does the place of the document that is where the query's place is.
        random: the share of the document's places that do.
    """

    hit: float
    same_place: float
    random: float


def pointed(matches: PlaceMatches, query: Sequence[Thing], document: Sequence[Thing]) -> list[Pointed]:
    """Return how each look of the query that the document has, too, was found.

    A look without a place on it, or with no contribution there, can't point, and counts as a miss.
    """
    found = []
    for pair in sorted({thing.pair for thing in query} & {thing.pair for thing in document}):
        sources = _on(matches.grid, [thing.box for thing in query if thing.pair == pair])
        targets = set(_on(matches.grid, [thing.box for thing in document if thing.pair == pair]))
        random = len(targets) / matches.contributions.shape[1]
        strongest = max(
            ((float(matches.contributions[p].max()), p, int(matches.contributions[p].argmax())) for p in sources),
            default=(0.0, -1, -1),
        )
        given, source, target = strongest
        found.append(Pointed(float(given > 0 and target in targets), float(source in targets), random))
    return found


def _on(grid: Grid, boxes: Sequence[Box]) -> list[int]:
    """Return the places whose middle lies in a box."""
    return [number for number in range(grid.rows * grid.columns) if _middle_in(grid.box(grid.cell(number)), boxes)]


def _middle_in(place: Box, boxes: Sequence[Box]) -> bool:
    across, down = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    return any(box.left <= across < box.right and box.top <= down < box.bottom for box in boxes)
