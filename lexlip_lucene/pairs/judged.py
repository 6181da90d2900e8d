"""Pairs judged: scored by one kind of score, and given a probability that is calibrated on pairs kept aside."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.derangement import derangement
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.platt import Bin, Floats, Platt, brier, fit_platt, reliability
from lexlip_lucene.evaluate.separation import auc
from lexlip_lucene.pairs.both import Both
from lexlip_lucene.pairs.encoded import Encoded, Numbers
from lexlip_lucene.pairs.late_scores import LateScores
from lexlip_lucene.pairs.lexlip_scores import LexLipScores
from lexlip_lucene.pairs.maf import Maf
from lexlip_lucene.pairs.match_training import MatchSettings
from lexlip_lucene.pairs.scorer import Head, PairScorer
from lexlip_lucene.pairs.standard import Standardised, sampled
from lexlip_lucene.progress import SILENT, Progress


class Calibration(NamedTuple):
    """A curve from scores to probabilities, and how good it is on the pairs it was fitted on, each half by the other.

    Attributes:
        curve: at the stated prior.
        brier: Brier score with as many mismatches as matches; 0.25 says nothing.
        auc: of the scores, against pictures of other captions.
        bins: of the reliability picture, likewise.
    """

    curve: Platt
    brier: float
    auc: float
    bins: list[Bin]


class Judged(NamedTuple):
    """Scores and probabilities (n,) of pairs, and the calibration of the latter."""

    scores: Floats
    p: Floats
    calibration: Calibration


def make_scorer(
    head: Head, encoded: Encoded, own: Numbers, *, seed: int = 0, progress: Progress = SILENT
) -> PairScorer:
    """Return the scorer named `head` for the captions that have their own picture among those of `encoded`.

    Args:
        head: the kind.
        encoded: pictures and captions.
        own: (captions,) the picture of each caption; −1: the caption is not scored.
        seed: of the sample of pictures that scores are standardised with, and of MAF's training.
        progress: receives the work done.

    Raises:
        ModelError: the model lacks what the head needs.
        InputError: there are too few pictures.
    """
    if encoded.pictures < 3:
        raise InputError(f"pairs are compared with other pictures: three or more are needed, got {encoded.pictures}")
    captions, others = np.flatnonzero(own >= 0), sampled(encoded.pictures, seed)
    lexlip = None if head == "late" else LexLipScores(encoded)
    late = None if head == "lexlip" else LateScores(encoded)
    both: list[PairScorer] = []
    if lexlip is not None:
        both.append(Standardised("lexlip", lexlip, captions, others, own, progress))
    if late is not None:
        both.append(Standardised("late", late, captions, others, own, progress))
    if len(both) == 1:
        return both[0]
    joint = Both(both)
    return joint if head == "both" else Maf(encoded, own, joint, MatchSettings(seed=seed), progress=progress)


def judged(
    scorer: PairScorer, own: Numbers, scored: Numbers, aside: Numbers, *, prior: float = 0.5, seed: int = 0
) -> Judged:
    """Score pairs, and calibrate their probabilities.

    Args:
        scorer: of the pairs.
        own: (captions,) the picture of each caption.
        scored: numbers of the captions that are judged with their own picture.
        aside: numbers of the captions that calibrate: with their own picture as matches, with swapped ones as others.
        prior: share of matches that is assumed.
        seed: of the swap.
    """
    scores = scorer.scores(scored, own[scored])
    calibration = calibrated(scorer, own, aside, prior=prior, seed=seed)
    return Judged(scores, calibration.curve.p(scores), calibration)


def calibrated(
    scorer: PairScorer, own: Numbers, captions: Numbers, *, prior: float = 0.5, seed: int = 0
) -> Calibration:
    """Fit the curve on `captions`, with their own pictures and with those of other captions.

    Raises:
        InputError: all captions are of one picture.
    """
    chance = np.random.default_rng([seed, 3])
    swapped = own[captions][derangement(own[captions], chance)]
    if (swapped == own[captions]).any():
        raise InputError("calibration swaps pictures: captions of several pictures are needed, but most are of one")
    matches, others = scorer.scores(captions, own[captions]), scorer.scores(captions, swapped)
    half = own[captions] % 2 == 0  # by picture: captions of one picture are alike
    p, truth = _of_other_half(matches, others, half)
    return Calibration(
        fit_platt(matches, others, prior=prior), brier(p, truth), auc(matches, others), reliability(p, truth)
    )


def _of_other_half(matches: Floats, others: Floats, half: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the probabilities of matches and others by the curve of the other half, and which of them are matches."""
    p = np.zeros(2 * len(matches))
    both = np.concatenate([matches, others])
    for own in (half, ~half):
        fitted_on = ~own if (~own).any() else own
        curve = fit_platt(matches[fitted_on], others[fitted_on])
        places = np.concatenate([own, own])
        p[places] = curve.p(both[places])
    return p, np.arange(len(both)) < len(matches)
