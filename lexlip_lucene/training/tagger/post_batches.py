"""The batches of an epoch: posts of about the same length together, in a random order."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

BUCKET = 20
"""Batches whose posts are sorted by length together: enough to save pads, few enough to mix."""


def epoch_batches(lengths: Sequence[int], batch_size: int, rng: Generator) -> list[list[int]]:
    """Return the numbers of all posts in batches; each post is in one.

    Args:
        lengths: words of each post.
        batch_size: of all batches but one.
        rng: decides.
    """
    order = rng.permutation(len(lengths))
    batches: list[list[int]] = []
    for begin in range(0, len(order), BUCKET * batch_size):
        bucket = sorted(order[begin : begin + BUCKET * batch_size].tolist(), key=lengths.__getitem__)
        batches += [bucket[at : at + batch_size] for at in range(0, len(bucket), batch_size)]
    return [batches[at] for at in rng.permutation(len(batches))]


def by_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Return the numbers of all posts in batches, the shortest first: for tagging, where order plays no part."""
    order = np.argsort(np.array(lengths), kind="stable").tolist()
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
