"""The exactness of the cluster's float32 scores.

A sum of integers below 2^24 is exact in float32, and the float of a larger sum is at least 2^24. So where the best
score of a search is below it, every score is its integer. Otherwise a product or a sum may be rounded to the nearest
float, by one part in 2^24 at most each time, and a document may stand behind one that it beats.
"""

EXACT_BELOW = 2**24

_UNIT = 2.0**-24


def reach(kth: float, terms: int) -> float:
    """Return the float score below which no document is among the exact top k.

    With n roundings a float score is its integer times 1 − γ to 1 + γ, γ = nu / (1 − nu) and u = 2^−24 (Higham,
    Accuracy and Stability of Numerical Algorithms, lemma 3.1). So k documents have at least kth / (1 + γ), and one that
    has as much has a float of at least kth × (1 − γ) / (1 + γ).

    Args:
        kth: float score of the k-th document.
        terms: of the query: one product and at most that many sums, in whatever order.
    """
    roundings = terms + 2  # and the double arithmetic of this line
    gamma = roundings * _UNIT / (1 - roundings * _UNIT)
    return kth * (1 - gamma) / (1 + gamma)
