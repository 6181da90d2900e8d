"""The alignment of a picture's places with a text: the token that each place is most like (FILIP, arXiv 2111.07783).

    aligned(p) = argmax over tokens t of u_t · v_p,   the first of equal ones

FILIP's own picture takes the text "a photo of a cat." and lights the places whose token is one of the label's, "cat".
Special tokens, pads, and tokens without a vector align with no place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.vectors.patch_map import Grid


@dataclass(frozen=True, eq=False)
class Alignment:
    """The token of a text that each place of a picture is most like.

    Attributes:
        label: the words of the label.
        text: the text, which has them.
        tokens: those of the text that count, in its order; a token is in it as often as in the text.
        of_label: (tokens,) bool, the tokens of the label.
        best: (rows, columns) int, each place's token as a position in `tokens`.
        grid: the places that there are.
    """

    label: str
    text: str
    tokens: tuple[str, ...]
    of_label: NDArray[np.bool_]
    best: NDArray[np.intp]
    grid: Grid

    @property
    def lit(self) -> NDArray[np.bool_]:
        """(rows, columns), True where a place is most like a token of the label."""
        return np.asarray(self.of_label[self.best])

    @property
    def words(self) -> list[list[str]]:
        """The token of each place, row by row."""
        return [[self.tokens[place] for place in row] for row in self.best.tolist()]
