"""The scores of pairs, behind one Protocol each: as a model gives them, and comparable between captions.

A model's own score depends on the caption: a long one with rare words scores high with any picture. So `RawScores` are
what a model gives, and a `PairScorer` gives scores that can be compared from caption to caption (`standard.py`).
"""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.pairs.encoded import Numbers

Head = Literal["lexlip", "late", "both", "maf"]
"""The names of the kinds of scores."""

HEADS: tuple[Head, ...] = ("lexlip", "late", "both", "maf")


class RawScores(Protocol):
    """Scores as the model gives them, which can be compared only between pictures of one caption."""

    def of_pairs(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        ...

    def against(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (captions, pictures) of every caption with every picture."""
        ...


class PairScorer(Protocol):
    """Scores of pairs that can be compared between captions: larger is a better match."""

    @property
    def name(self) -> Head:
        """The kind."""
        ...

    def scores(self, captions: Numbers, pictures: Numbers) -> NDArray[np.float64]:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        ...
