"""The lexicon's and late interaction's scores together, each standardised per caption.

score = SHARE · z(lexlip) + (1 − SHARE) · z(late)
"""

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.pairs.encoded import Numbers
from lexlip_lucene.pairs.scorer import Head, PairScorer

SHARE = 0.4
"""Part of the lexicon's score, chosen on photos kept aside from Flickr8k's training split; .3 and .5 are as good."""


class Both:
    """The weighted mean of two scorers' scores."""

    def __init__(self, lexlip: PairScorer, late: PairScorer) -> None:
        self._lexlip, self._late = lexlip, late

    @property
    def name(self) -> Head:
        """The kind."""
        return "both"

    def scores(self, captions: Numbers, pictures: Numbers) -> NDArray[np.float64]:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        lexlip, late = (scorer.scores(captions, pictures) for scorer in (self._lexlip, self._late))
        return np.asarray(SHARE * lexlip + (1 - SHARE) * late)
