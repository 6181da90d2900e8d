"""The places that gave a document's tokens their weight, as they are kept on its line of a collection: one text.

    {"id": "7.jpg", …, "vector": {"red": 210, "circle": 94, "on": 5}, "positions": "8x8-0.44 red:27 circle:28"}

First the grid (rows x columns, and its shift unless that is 0), then each token with the number of its place, in
reading order from 0. A token whose weight comes from the picture as a whole is not in it. A text of its own says all
that is to be known about it, so a stored field of it does (`lexlip index --store positions`); Anserini passes the key
over.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.patch_map import Box, Cell, Grid

POSITIONS = "positions"
"""The key."""

_GRID = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})([+-][0-9]{1,2}(?:\.[0-9]{1,2})?)?")
_NUMBER = re.compile("[0-9]{1,8}")


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


def format_positions(grid: Grid, numbers: Mapping[str, int]) -> str:
    """Return the text of token → number of its place."""
    return " ".join([format_grid(grid), *(f"{token}:{number}" for token, number in numbers.items())])


def parse_positions(text: str, where: str) -> Positions:
    """Read such a text.

    Raises:
        InputError: it is not one; the message begins with `where`.
    """
    first, *rest = text.split(" ")
    stated = _GRID.fullmatch(first)
    if stated is None:
        raise InputError(f"{where}: positions must begin with a grid like 8x8, got {first[:40]!r}")
    grid = Grid(int(stated[1]), int(stated[2]), float(stated[3] or 0))
    places, cells = grid.rows * grid.columns, {}
    for each in rest:
        token, _, number = each.rpartition(":")
        if not token or not _NUMBER.fullmatch(number) or int(number) >= places:
            raise InputError(f"{where}: a position must be token:number, the number below {places}, got {each[:80]!r}")
        cells[token] = grid.cell(int(number))
    return Positions(grid, cells)
