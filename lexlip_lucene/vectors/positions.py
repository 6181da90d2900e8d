"""The places that gave a document's tokens their weight, as they are kept on its line of a collection: one short text.

    {"id": "7.jpg", …, "vector": {"red": 210, "circle": 94, "a": 5, "on": 5}, "positions": "8x8-0.44 27 28 - 3"}

First the grid (rows x columns, and its shift unless that is 0), then the place of each token, a number in reading order
from 0, or "-" for a token whose weight comes from the picture as a whole. The tokens come by falling impact, equal ones
in the order of their characters, so they need not be named: an index that stores the text (`lexlip index --store
positions`) can tell them (`ImpactSearcher.vector`). Anserini passes the key over.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.patch_map import Box, Cell, Grid

POSITIONS = "positions"
"""The key."""

_GRID = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})([+-][0-9]{1,2}(?:\.[0-9]{1,2})?)?")
_NUMBER = re.compile("[0-9]{1,8}")
_NO_PLACE = "-"


class Positions(NamedTuple):
    """The grid, and token → place where max pooling found it; a token without a place is not in `cells`."""

    grid: Grid
    cells: Mapping[str, Cell]

    def box(self, token: str) -> Box | None:
        """Return the part of the picture in which `token` was found; None where it has no place."""
        return self.grid.box(self.cells[token]) if token in self.cells else None


def format_grid(grid: Grid) -> str:
    """Return a grid as text: `8x8`, or with its shift `8x8-0.44`."""
    return f"{grid.rows}x{grid.columns}" + (f"{grid.shift:+.4g}" if grid.shift else "")


def format_positions(grid: Grid, vector: Impacts, numbers: Mapping[str, int]) -> str:
    """Return the text for a document's `vector`, given token → number of its place for those that have one."""
    return " ".join([format_grid(grid), *(str(numbers.get(token, _NO_PLACE)) for token in _by_impact(vector))])


def parse_positions(text: str, vector: Impacts, where: str) -> Positions:
    """Read the text of the document that has this `vector`.

    Raises:
        InputError: it is not one; the message begins with `where`.
    """
    first, *rest = text.split(" ")
    stated = _GRID.fullmatch(first)
    if stated is None:
        raise InputError(f"{where}: positions must begin with a grid like 8x8, got {first[:40]!r}")
    if len(rest) != len(vector):
        raise InputError(f"{where}: {len(vector)} tokens need as many positions, but there are {len(rest)}")
    grid = Grid(int(stated[1]), int(stated[2]), float(stated[3] or 0))
    places, cells = grid.rows * grid.columns, {}
    for token, number in zip(_by_impact(vector), rest, strict=True):
        if number == _NO_PLACE:
            continue
        if not _NUMBER.fullmatch(number) or int(number) >= places:
            raise InputError(f"{where}: a position must be a number below {places}, or -, got {number[:40]!r}")
        cells[token] = grid.cell(int(number))
    return Positions(grid, cells)


def _by_impact(vector: Impacts) -> list[str]:
    return sorted(vector, key=lambda token: (-vector[token], token))
