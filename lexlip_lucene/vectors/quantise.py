"""From lexicon weights (float, ≥ 0) to impacts (integer) and the one place that knows the scale.

    impact = clip(round(weight × scale), 1, 2^bits − 1),   scale = (2^bits − 1) / ceiling

`ceiling` is the weight that gets the largest impact; it is calibrated once per model and side and kept in the
model's config. With ceiling 2.0 and 8 bits the scale is 127.5, so a weight of 0.5 becomes 64 (63.75 rounded) and
a weight of 3.0 becomes 255. Rounding is half to even (`numpy.rint`). A weight of 0 is not in the vector; a
positive weight that top-k kept stays in it with at least 1.

LexLIP quantises weights to integers for a term engine; its formula is not published, so this one is ours, in the
line of the SPLADE exports (weight × factor, rounded).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_int
from lexlip_lucene.records import Impacts

MAX_BITS = 16
"""Impacts up to 65,535: with 256 shared tokens of weight 255 a score still stays below 2^24 × 256."""

ROUNDING = "half to even"

CEILING_PERCENTILE = 99.9
"""Share of the positive weights that quantisation does not clip; the few above it become the largest impact."""


Side = Literal["image", "text", "document"]
"""The side of a vector: an image, a text as a query, or a text as a document, for which a model may have a bank."""


@dataclass(frozen=True)
class Quantiser:
    """A quantiser of weights of one side (image or text) of one model.

    Raises:
        InputError: `bits` is not in 1..16 or `top_k` is not positive.
    """

    ceiling: float
    bits: int = 8
    top_k: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", as_int(self.bits, "bits"))
        if self.top_k is not None:
            object.__setattr__(self, "top_k", as_int(self.top_k, "top-k"))
        if not 1 <= self.bits <= MAX_BITS:
            raise InputError(f"bits must be in 1..{MAX_BITS}, got {self.bits}")
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top-k must be at least 1, got {self.top_k}")
        if not (np.isfinite(self.ceiling) and self.ceiling > 0):
            raise InputError(f"the quantisation ceiling must be a positive number, got {self.ceiling}")

    @property
    def scale(self) -> float:
        """Impacts per unit of weight."""
        return self.max_impact / self.ceiling

    @property
    def max_impact(self) -> int:
        """Largest impact: 255 at 8 bits."""
        return int(2**self.bits - 1)

    def impacts(self, weights: NDArray[Any]) -> NDArray[np.int64]:
        """Quantise positive weights of any shape; monotone, in 1..max_impact."""
        scaled = np.rint(np.asarray(weights, dtype=np.float64) * self.scale)
        return np.clip(scaled, 1, self.max_impact).astype(np.int64)

    def vector(self, weights: NDArray[Any], tokens: Sequence[str]) -> Impacts:
        """Turn one lexicon vector into token → impact, heaviest first; equal weights in lexicon order.

        Args:
            weights: (len(tokens),) float, finite and ≥ 0.
            tokens: the lexicon's tokens.
        """
        positions = np.flatnonzero(weights > 0)
        if self.top_k is not None and self.top_k < len(positions):  # 30,522 weights are slow to sort, 128 are not
            least = np.partition(weights[positions], -self.top_k)[-self.top_k]
            positions = positions[weights[positions] >= least]
        order = positions[np.argsort(-weights[positions], kind="stable")][: self.top_k]
        impacts = self.impacts(weights[order])
        return {tokens[position]: int(impact) for position, impact in zip(order, impacts, strict=True)}


def calibrate_ceiling(weights: NDArray[Any]) -> float:
    """Return the ceiling for a sample of vectors (any shape, float ≥ 0): a high percentile of the positive weights.

    Raises:
        InputError: no weight is positive, so there is nothing to calibrate on.
    """
    positive = weights[weights > 0]
    if positive.size == 0:
        raise InputError("the scale can't be calibrated: every lexicon weight of the calibration sample is 0")
    return float(np.percentile(positive, CEILING_PERCENTILE))
