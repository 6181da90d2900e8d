"""The figures of a setting on some queries: recall against exact search, and latency.

Recall@k of one query is the share of the exact top k that was found. Which documents of those that tie at the k-th
place are in the top k is decided by their docids, not by merit, so a found document counts when its score reaches the
k-th: exact scores 9, 7, 5 and found scores 9, 5 are a recall@3 of 2/3, whichever document it is that has 5.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.hits import Hits


class Figures(NamedTuple):
    """Recall and latency over some queries.

    Attributes:
        recall: mean over the queries, 0..1.
        margin: half the width of the 95 % confidence interval of `recall`; 1 for a single query, which says nothing of
            others.
        median_ms: median over the queries, milliseconds; a query's own latency is the median of its repeats.
        p95_ms: 95th percentile of the same.
    """

    recall: float
    margin: float
    median_ms: float
    p95_ms: float


class Measured(NamedTuple):
    """A setting with its figures on the half of the queries that settings are chosen on, and on the other half."""

    setting: Approximation
    choosing: Figures
    reporting: Figures


def recall_of(found: Hits, exact: Hits) -> float:
    """Return the recall of `found`, 0..1; both are answers to one query with the same k, and `exact` has a hit."""
    return int(np.count_nonzero(found.scores >= exact.scores[-1])) / len(exact)


def mean_recall(recalls: NDArray[np.float64]) -> float:
    """Return the mean of `recalls` (queries,), rounded so that 0.99 is 0.99 however the sum was rounded."""
    return round(float(recalls.mean()), 9)


def figures_of(recalls: NDArray[np.float64], milliseconds: NDArray[np.float64]) -> Figures:
    """Return the figures of a setting.

    Args:
        recalls: (queries,), 0..1.
        milliseconds: (repeats, queries).
    """
    queries = len(recalls)
    margin = 1.96 * float(recalls.std(ddof=1)) / queries**0.5 if queries > 1 else 1.0
    latency = np.median(milliseconds, axis=0)
    return Figures(mean_recall(recalls), margin, float(np.median(latency)), float(np.percentile(latency, 95)))
