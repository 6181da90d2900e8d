"""Wrong pictures for the match head: some pictures of a step change places before the words look at them.

The published code exchanges what the attention gave, so that every pair it was made from was a right one, and always
takes the last of the batch. Here the pictures themselves are exchanged, and chance chooses which.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray


class Swap(NamedTuple):
    """`source`: (pictures,) which picture each place gets; `wrong`: (pictures,) True if it is another than its own."""

    source: NDArray[np.int64]
    wrong: NDArray[np.bool_]


def swapped(pictures: Sequence[object], share: float, rng: Generator) -> Swap:
    """Choose a share of the places and exchange their pictures: each of these gets that of another of them.

    Args:
        pictures: what is in each place, to compare: a picture that two posts share is not wrong for either.
        share: in 0..1. Fewer than two places are none, since one picture has no other to change with.
        rng: decides.
    """
    source = np.arange(len(pictures))
    count = round(share * len(pictures))
    if count >= 2:
        chosen = rng.permutation(len(pictures))[:count]
        source[chosen] = np.roll(chosen, 1)  # in a circle, so that none keeps its own
    wrong = [pictures[at] != pictures[own] for own, at in enumerate(source.tolist())]
    return Swap(source, np.array(wrong, dtype=np.bool_))
