"""Derangements: orders in which no place gets what its own owner has.

Captions 0, 1 of image A and 2 of image B, 3 of image C: the order 2, 3, 0, 1 is one, as A gets captions of B and C.
"""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 50


def derangement(owners: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return an order of the places in which `owners[order[i]]` differs from `owners[i]`.

    It is a random permutation whose few places that would keep their owner are swapped with random others. Where one
    owner has more than half of all places, some of its own must keep it, as must the only place of all.

    Args:
        owners: (n,) the owner of each place; several places may have the same one.
        chance: the random numbers.
    """
    order = chance.permutation(len(owners))
    for _ in range(_ROUNDS):
        kept = np.flatnonzero(owners[order] == owners)
        if not len(kept):
            return order
        for place, other in zip(kept, chance.integers(len(owners), size=len(kept)), strict=True):
            if owners[order[other]] != owners[place] and owners[order[place]] != owners[other]:
                order[place], order[other] = order[other], order[place]
    return _turned(owners)


def _turned(owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order in which places, sorted by owner, move on by the most that one owner has."""
    sorted_places = np.argsort(owners, kind="stable")
    longest = int(np.unique(owners, return_counts=True)[1].max())
    order = np.empty_like(sorted_places)
    order[sorted_places] = np.roll(sorted_places, longest)
    return order
