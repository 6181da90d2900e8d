"""The lexicon's and late interaction's scores together: the mean of both, each standardised per caption."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.pairs.encoded import Numbers
from lexlip_lucene.pairs.scorer import Head, PairScorer


class Both:
    """The mean of several scorers' scores."""

    def __init__(self, scorers: Sequence[PairScorer]) -> None:
        self._scorers = scorers

    @property
    def name(self) -> Head:
        """The kind."""
        return "both"

    def scores(self, captions: Numbers, pictures: Numbers) -> NDArray[np.float64]:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        return np.asarray(np.mean([scorer.scores(captions, pictures) for scorer in self._scorers], axis=0))
