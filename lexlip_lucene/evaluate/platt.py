"""Probabilities from scores: Platt's scaling (1999), the Brier score, and the bins of a reliability picture.

    p = 1 / (1 + exp(−(a · score + b)))

a and b are fitted on matches and mismatches as if there were as many of the ones as of the others; a stated prior π
then moves b by log(π / (1 − π)). So scores in which both kinds are equally likely have p = π.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]

_RIDGE = 1e-4
"""Weight of a² in the fit: scores that separate the kinds without error would have no finite slope."""


class Platt(NamedTuple):
    """A logistic curve over scores."""

    slope: float
    offset: float

    def p(self, scores: Floats) -> Floats:
        """Return the probabilities of scores, in 0..1."""
        return np.asarray(expit(self.slope * scores + self.offset))


class Bin(NamedTuple):
    """The pairs whose probability is in one part of 0..1: mean probability, share of matches, and how many pairs."""

    p: float
    share: float
    pairs: int


def fit_platt(matches: Floats, others: Floats, *, prior: float = 0.5) -> Platt:
    """Fit the curve; either side has weight ½ whatever its number.

    Args:
        matches: scores of matches, at least one, finite.
        others: scores of mismatches, at least one, finite.
        prior: share of matches that is assumed, above 0 and below 1.
    """
    scores = np.concatenate([matches, others])
    centre, spread = scores.mean(), scores.std() or 1.0
    right, wrong = (matches - centre) / spread, (others - centre) / spread

    def loss(curve: Floats) -> tuple[float, Floats]:
        of_right, of_wrong = curve[0] * right + curve[1], curve[0] * wrong + curve[1]
        value = (np.logaddexp(0, -of_right).mean() + np.logaddexp(0, of_wrong).mean()) / 2
        pull, push = -expit(-of_right) / 2, expit(of_wrong) / 2
        slope = (pull * right).mean() + (push * wrong).mean()
        return value + _RIDGE * curve[0] ** 2, np.array([slope + 2 * _RIDGE * curve[0], pull.mean() + push.mean()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return Platt(float(slope / spread), float(offset - slope * centre / spread + np.log(prior / (1 - prior))))


def brier(p: Floats, truth: NDArray[np.bool_]) -> float:
    """Return the mean squared difference of probabilities and truth: 0 is best, always saying ½ gives 0.25."""
    return float(np.square(p - truth).mean())


def reliability(p: Floats, truth: NDArray[np.bool_], bins: int = 10) -> list[Bin]:
    """Return the bins of equal width that have a pair, in ascending order."""
    places = np.minimum((p * bins).astype(int), bins - 1)
    chosen = [places == number for number in range(bins)]
    return [Bin(float(p[own].mean()), float(truth[own].mean()), int(own.sum())) for own in chosen if own.any()]
