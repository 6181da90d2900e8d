"""AUC of each kind of score: own pictures against random ones and against those that look most alike."""

from typing import NamedTuple

import numpy as np

from lexlip_lucene.data.pairs.derangement import derangement
from lexlip_lucene.evaluate.separation import auc
from lexlip_lucene.pairs.encoded import Encoded, Numbers
from lexlip_lucene.pairs.scorer import PairScorer
from lexlip_lucene.pairs.swaps import nearest_pictures


class Separation(NamedTuple):
    """AUCs in 0..1 against random pictures and against the nearest one, and the number of pairs."""

    random: float
    nearest: float
    pairs: int


def separation(scorer: PairScorer, encoded: Encoded, own: Numbers, among: Numbers, seed: int) -> Separation:
    """Measure on the captions of the pictures `among`, whose wrong pictures are others of them.

    Args:
        scorer: the kind.
        encoded: pictures and captions.
        own: (captions,) the picture of each caption; −1: none.
        among: numbers of pictures.
        seed: of the derangement.
    """
    captions = np.flatnonzero(np.isin(own, among))
    right = own[captions]
    random = right[derangement(right, np.random.default_rng([seed, 6]))]
    place = np.zeros(encoded.pictures, dtype=np.int64)
    place[among] = np.arange(len(among))
    nearest = among[nearest_pictures(encoded.looks[among])[place[right], 0]]
    matches = scorer.scores(captions, right)
    return Separation(
        auc(matches, scorer.scores(captions, random)), auc(matches, scorer.scores(captions, nearest)), len(captions)
    )
