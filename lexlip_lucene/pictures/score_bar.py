"""A score as a bar that is split by token, in the tokens' colours; `score_bar.html` draws it.

The bar is 100 wide when the score is that of the best hit. The heaviest tokens get a part each, in order; what is left
is one part without a token. Scores 30 + 14 of at most 88 give parts from 0 to 34.09 and from 34.09 to 50.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from lexlip_lucene.pictures.token_colour import token_colour

MOST_PARTS = 10
"""More could not be distinguished."""


class Contribution(Protocol):
    """A token and what it adds to a score."""

    @property
    def token(self) -> str:
        """The token."""

    @property
    def contribution(self) -> int:
        """The part of the score that it adds."""


class Part(NamedTuple):
    """A part of a bar: `token` is "" for all the rest, `colour` "#rrggbb"; `left` and `width` in percent."""

    token: str
    contribution: int
    colour: str
    left: float
    width: float


REST = "#8a8f98"


def bar_of(terms: Sequence[Contribution], best: float) -> list[Part]:
    """Return the parts of the bar of a hit.

    Args:
        terms: heaviest first.
        best: the score that fills the whole width, above 0.
    """
    parts: list[Part] = []
    left = 0.0
    shown = [(term.token, term.contribution) for term in terms[:MOST_PARTS]]
    rest = sum(term.contribution for term in terms[MOST_PARTS:])
    for token, contribution in [*shown, ("", rest)]:
        width = 100 * contribution / best
        if contribution:
            parts.append(Part(token, contribution, token_colour(token) if token else REST, left, width))
        left += width
    return parts
