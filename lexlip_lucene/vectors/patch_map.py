"""The places of a token in a picture: the grid of places that a model looks at, and the token's weight at each.

A grid of 4 rows and 8 columns has the places 0 to 31 in reading order; number 10 is row 1, column 2, and takes up the
part from 0.25 to 0.375 across and 0.25 to 0.5 down, whatever the picture's size: it is resized whole to a square. A
convolutional tower sees a little beside that (`encoders/explain/receptive_field.py`): with a shift of −0.5 cells it is
0.1875 to 0.3125 across and 0.125 to 0.375 down.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A part of a picture, in fractions (0–1) of its width and height from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Cell(NamedTuple):
    """A place of a grid, counted from 0."""

    row: int
    column: int


class Grid(NamedTuple):
    """The places of a picture in `rows` and `columns`; each sees `shift` cells right and down of its own cell."""

    rows: int
    columns: int
    shift: float = 0.0

    def cell(self, number: int) -> Cell:
        """Return the place of that number, in reading order from 0."""
        return Cell(*divmod(number, self.columns))

    def box(self, cell: Cell) -> Box:
        """Return the part of the picture that a place sees, cut off at the picture's edges."""
        row, column = cell.row + self.shift, cell.column + self.shift
        sides = (column / self.columns, row / self.rows, (column + 1) / self.columns, (row + 1) / self.rows)
        return Box(*(min(max(side, 0.0), 1.0) for side in sides))


@dataclass(frozen=True, eq=False)
class PatchMap:
    """The source of a token's weight in one picture, place by place.

    Attributes:
        token: the token.
        weight: what the token weighs in the picture, float ≥ 0, before it is quantised: the maximum over all that the
            model looks at. Weight × scale, rounded, is the impact.
        weights: (rows, columns) float32 ≥ 0, what it would weigh if that place were all there is; what has no place
            (`placeless`) counts at each. Where a place wins, `weights.max()` is `weight`.
        placeless: what it would weigh if no place counted, as a share (0–1) of `weight`: from the global path, the
            head's bias, and views of the picture as a whole. At 1 the picture as a whole says it, and the map says
            where it is said loudest, if anywhere; 0 also where `weight` is 0.
        grid: the places that there are.
    """

    token: str
    weight: float
    weights: NDArray[np.float32]
    placeless: float
    grid: Grid

    @property
    def cell(self) -> Cell | None:
        """The place with the largest weight, the first of equal ones; None where the token has no weight anywhere."""
        return self.grid.cell(int(self.weights.argmax())) if self.weights.any() else None

    @property
    def box(self) -> Box | None:
        """The part of the picture that `cell` sees."""
        return None if self.cell is None else self.grid.box(self.cell)

    @property
    def is_of_no_place(self) -> bool:
        """True if the picture has the token, but only as a whole: none of its places gives it any weight."""
        return self.weight > 0 and self.cell is None
