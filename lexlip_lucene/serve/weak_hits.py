"""The rank from which hits are weak: the page puts a line before it."""

from collections.abc import Sequence

WEAK = 0.5
"""The part of the first hit's score below which a hit is weak."""


def weak_from(scores: Sequence[float]) -> int | None:
    """Return the rank of the first hit whose score is below half of the first one's; None if no hit's is.

    Scores 90, 45 and 44 give rank 3. Half is the score of a hit that lacks half of what the first one was found by.

    Args:
        scores: of hits in their order, the highest first; LexLIP's or BM25's. Fused scores are made of ranks, and
            tell nothing of how well a hit fits.
    """
    return next((rank for rank, score in enumerate(scores, 1) if score < WEAK * scores[0]), None)
