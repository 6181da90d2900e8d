"""The late score: each text token is compared with every patch of a picture, and keeps its best.

    s(text, picture) = Σ over tokens w_t · (max over patches token · patch) / Σ over tokens w_t

With equal weights it is FILIP's mean over tokens (arXiv 2111.07783). Special tokens and pads are not handed in, or
weigh nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError


class TextTokens(NamedTuple):
    """The tokens of a text: `vectors` (t, width) float32 of unit length, `weights` (t,) float32 ≥ 0; t may be 0."""

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]

    @property
    def is_empty(self) -> bool:
        """True if no token weighs anything: the text is empty, or has pads only."""
        return not (self.weights != 0).any()


def late_scores(
    tokens: NDArray[np.float32], weights: NDArray[np.float32], patches: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the late score of a text with each of several pictures.

    Args:
        tokens: (t, width) float32 of unit length.
        weights: (t,) float32 ≥ 0; a token of weight 0 counts for nothing.
        patches: for each picture (n, width) float32 of unit length; n may differ, and be 0.

    Returns:
        (pictures,) float32 in −1..1; −inf for a picture without patches, which has no best. All 0 if no token weighs
        anything.

    Raises:
        InputError: a shape does not fit, a token is not of finite numbers, or a weight is negative or not finite.
    """
    _require_fitting(tokens, weights, patches)
    heard = weights > 0
    if not heard.any():
        return np.zeros(len(patches), np.float32)
    scores = np.full(len(patches), -np.inf, np.float32)
    counts = np.array([len(part) for part in patches], dtype=np.intp)
    if not counts.any():
        return scores
    similarities = tokens[heard] @ np.concatenate(patches).T
    # Pictures without patches are left out: of an empty part `reduceat` takes the value that comes after it.
    ends = np.cumsum(counts[counts > 0])
    best = np.maximum.reduceat(similarities, ends - counts[counts > 0], axis=1)
    scores[counts > 0] = weights[heard] / weights[heard].sum() @ best
    return scores


def _require_fitting(
    tokens: NDArray[np.float32], weights: NDArray[np.float32], patches: Sequence[NDArray[np.float32]]
) -> None:
    if tokens.ndim != 2 or weights.shape != tokens.shape[:1]:
        raise InputError(
            f"text tokens must be (tokens, width) with (tokens,) weights, got {tokens.shape} and {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError(f"the weight of a text token must be a finite number of at least 0, got {weights.tolist()}")
    if not np.isfinite(tokens).all():
        raise InputError(f"text token {np.flatnonzero(~np.isfinite(tokens).all(axis=1))[0]} must have finite numbers")
    for place, part in enumerate(patches):
        if part.ndim != 2 or part.shape[1] != tokens.shape[1]:
            raise InputError(
                f"patches of width {tokens.shape[1]}, as the text tokens, are needed, got {part.shape} for picture "
                f"{place}: the store and the text vectors must be of one model"
            )
