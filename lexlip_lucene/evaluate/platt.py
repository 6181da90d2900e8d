"""Probabilities from scores: Platt's scaling (1999), the Brier score, and the bins of a reliability picture.

    p = 1 / (1 + exp(−(a · score + b) − log(π / (1 − π))))        π: the prior, the share of pairs that match

e^(a · score + b) is how many times as likely a score is among matches as among mismatches. a and b are fitted on pairs
and on swapped pairs, of which either kind has weight ½. Of the pairs only a share (`purity`) may match; then

    pairs / swapped = purity · e^(a · score + b) + 1 − purity

is what is fitted, as in learning from positive and unlabelled examples (Elkan & Noto, 2008). With purity 1 it is
Platt's own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

Floats = NDArray[np.float64]

_RIDGE = 1e-4
"""Weight of a² in the fit: scores that separate the kinds without error would have no finite slope."""


class Platt(NamedTuple):
    """The logarithm of how many times as likely a score is among matches: slope · score + offset."""

    slope: float
    offset: float

    def p(self, scores: Floats, prior: float = 0.5) -> Floats:
        """Return the probabilities of a match, in 0..1, for pairs of which the share `prior` matches."""
        return np.asarray(expit(self.slope * scores + self.offset + logit(prior)))

    def p_own(self, scores: Floats, purity: float = 1.0) -> Floats:
        """Return the probabilities of being a pair and no swapped one, in 0..1, where there are as many of both."""
        return np.asarray(expit(_log_ratio(self.slope * scores + self.offset, purity)))


class Bin(NamedTuple):
    """The pairs whose probability is in one part of 0..1: mean probability, share of matches, and how many pairs."""

    p: float
    share: float
    pairs: int


def fit_platt(own: Floats, swapped: Floats, *, purity: float = 1.0) -> Platt:
    """Fit the curve; either side has weight ½ whatever its number.

    Args:
        own: scores of pairs, at least one, finite.
        swapped: scores of swapped pairs, which are mismatches, at least one, finite.
        purity: share of the pairs that match, above 0 and at most 1.
    """
    scores = np.concatenate([own, swapped])
    centre, spread = scores.mean(), scores.std() or 1.0
    right, wrong = (own - centre) / spread, (swapped - centre) / spread

    def loss(curve: Floats) -> tuple[float, Floats]:
        value, gradient = _RIDGE * curve[0] ** 2, np.array([2 * _RIDGE * curve[0], 0.0])
        for side, sign in ((right, -1), (wrong, 1)):
            plain = curve[0] * side + curve[1]
            ratio = sign * _log_ratio(plain, purity)
            pull = sign * expit(ratio) * (1.0 if purity == 1 else expit(plain + logit(purity))) / 2
            value += np.logaddexp(0, ratio).mean() / 2
            gradient += [(pull * side).mean(), pull.mean()]
        return float(value), gradient

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return Platt(float(slope / spread), float(offset - slope * centre / spread))


def _log_ratio(plain: Floats, purity: float) -> Floats:
    """Return log(purity · e^plain + 1 − purity)."""
    return plain if purity == 1 else np.logaddexp(np.log(purity) + plain, np.log1p(-purity))


def brier(p: Floats, truth: NDArray[np.bool_]) -> float:
    """Return the mean squared difference of probabilities and truth: 0 is best, always saying ½ gives 0.25."""
    return float(np.square(p - truth).mean())


def reliability(p: Floats, truth: NDArray[np.bool_], bins: int = 10) -> list[Bin]:
    """Return the bins of equal width that have a pair, in ascending order."""
    places = np.minimum((p * bins).astype(int), bins - 1)
    chosen = [places == number for number in range(bins)]
    return [Bin(float(p[own].mean()), float(truth[own].mean()), int(own.sum())) for own in chosen if own.any()]
