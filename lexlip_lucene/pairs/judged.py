"""Pairs judged: scored by one kind of score, and given a probability that is calibrated on pairs kept aside."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lexlip_lucene.data.pairs.derangement import derangement
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

PRIOR = 0.9
"""Share of pairs that match, if nothing else is said."""


class Calibration(NamedTuple):
    """A curve from scores to probabilities, and how well it tells pairs from swapped ones, as many of both.

    Attributes:
        curve: fitted on all.
        brier: Brier score, each half of the pictures by the curve of the other; 0.25 says nothing.
        auc: of the scores; wrong pairs among those that calibrate lower both.
        bins: of the reliability picture, as for the Brier score.
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
    """Return the scorer named `head`; arguments and errors are those of `make_scorers`."""
    return make_scorers([head], encoded, own, seed=seed, progress=progress)[head]


def make_scorers(
    heads: Sequence[Head],
    encoded: Encoded,
    own: Numbers,
    *,
    learn: Numbers | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> dict[Head, PairScorer]:
    """Return scorers for the captions that have their own picture among those of `encoded`; they share their parts.

    Args:
        heads: the kinds.
        encoded: pictures and captions.
        own: (captions,) the picture of each caption; −1: the caption is not scored.
        learn: numbers of the pictures that MAF's heads are trained on; None: all.
        seed: of the sample of pictures that scores are standardised with, and of MAF's training.
        progress: receives the work done.

    Raises:
        ModelError: the model lacks what a head needs.
        InputError: there are too few pictures.
    """
    if encoded.pictures < 3:
        raise InputError(f"pairs are compared with other pictures: three or more are needed, got {encoded.pictures}")
    captions, others = np.flatnonzero(own >= 0), sampled(encoded.pictures, seed)
    found: dict[Head, PairScorer] = {}
    if set(heads) - {"late"}:
        found["lexlip"] = Standardised("lexlip", LexLipScores(encoded), captions, others, own, progress)
    if set(heads) - {"lexlip"}:
        found["late"] = Standardised("late", LateScores(encoded), captions, others, own, progress)
        if "lexlip" in found:
            found["both"] = Both(found["lexlip"], found["late"])
    if "maf" in heads:
        found["maf"] = Maf(encoded, own, found["both"], MatchSettings(seed=seed), learn=learn, progress=progress)
    return found


def judged(
    scorer: PairScorer,
    own: Numbers,
    scored: Numbers,
    aside: Numbers,
    *,
    prior: float = PRIOR,
    purity: float = 1.0,
    seed: int = 0,
) -> Judged:
    """Score pairs, and calibrate their probabilities.

    Args:
        scorer: of the pairs.
        own: (captions,) the picture of each caption.
        scored: numbers of the captions that are judged with their own picture.
        aside: numbers of the captions that calibrate, with their own picture and with swapped ones.
        prior: share of the scored pairs that match.
        purity: share of the pairs of `aside` that match.
        seed: of the swap.
    """
    scores = scorer.scores(scored, own[scored])
    calibration = calibrated(scorer, own, aside, purity=purity, seed=seed)
    return Judged(scores, calibration.curve.p(scores, prior), calibration)


def calibrated(
    scorer: PairScorer, own: Numbers, captions: Numbers, *, purity: float = 1.0, seed: int = 0
) -> Calibration:
    """Fit the curve on `captions`, with their own pictures and with those of other captions.

    Raises:
        InputError: most captions are of one picture.
    """
    right = own[captions]
    wrong = right[derangement(right, np.random.default_rng([seed, 3]))]
    if (wrong == right).any():
        raise InputError("calibration swaps pictures: captions of several pictures are needed, but most are of one")
    pairs, swapped = scorer.scores(captions, right), scorer.scores(captions, wrong)
    p = np.zeros((2, len(captions)))
    for half in (right % 2 == 0, right % 2 == 1):  # by picture: captions of one picture are alike
        other = half if half.all() else ~half
        curve = fit_platt(pairs[other], swapped[other], purity=purity)
        p[:, half] = curve.p_own(pairs[half], purity), curve.p_own(swapped[half], purity)
    truth = np.repeat([True, False], len(captions))
    return Calibration(
        curve=fit_platt(pairs, swapped, purity=purity),
        brier=brier(p.ravel(), truth),
        auc=auc(pairs, swapped),
        bins=reliability(p.ravel(), truth),
    )
