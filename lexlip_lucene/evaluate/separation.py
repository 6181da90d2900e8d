"""Separation of two kinds of scores: the area under the ROC curve.

    AUC = P(score of a match > score of a mismatch) + ½ P(they are equal)

0.5 is chance. Scores 3, 2 of matches and 2, 1 of mismatches have (1 + 1 + 1 + ½) / 4 = 0.875.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def auc(matches: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the AUC in 0..1; neither side is empty."""
    ranks = rankdata(np.concatenate([matches, others]))[: len(matches)]
    least = len(matches) * (len(matches) + 1) / 2
    return float((ranks.sum() - least) / (len(matches) * len(others)))
