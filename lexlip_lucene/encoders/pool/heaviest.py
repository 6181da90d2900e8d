"""The k heaviest tokens of each vector, found where the vectors are, so that only k pairs of each leave the device.

It gives what `Quantiser.vector` gives for each row: heaviest first, equal weights in lexicon order. `torch.topk` leaves
the order of equal values open, and which of them it keeps; so the integer that is sorted is made of both:

    key = bits of the float32 weight × 2^32 + (tokens − 1 − position)

The bits of floats ≥ 0 are in the order of the floats. Of 3 tokens with weights 1.0, 2.0, 2.0 the keys end in 2, 1, 0,
so the two heaviest are positions 1 and 2, in this order.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.positions import format_positions
from lexlip_lucene.vectors.quantise import Quantiser

_LOW_32_BITS = 2**32 - 1


class Heaviest(NamedTuple):
    """Weights (batch, k) float32, heaviest first, and their lexicon positions (batch, k) int64; weight 0: no token.

    `winners` (batch, k) int is the position of the picture's states that gave each weight, if asked for; a number past
    the positions where none did.
    """

    weights: Tensor
    positions: Tensor
    winners: Tensor | None = None


def heaviest(weights: Tensor, k: int | None) -> Heaviest:
    """Return the `k` heaviest tokens of each vector; all positive ones where `k` is None.

    Args:
        weights: (batch, tokens) float ≥ 0, on any device. What is not a number counts as 0.
        k: at least 1; with fewer tokens than that, all.
    """
    weights = weights.float().contiguous()
    tokens = weights.shape[1]
    positive = weights > 0
    if k is None:
        k = int(positive.sum(dim=1).max()) if len(weights) else 0
    bits = torch.where(positive, weights.view(torch.int32), 0).long()
    keys = (bits << 32) + torch.arange(tokens - 1, -1, -1, device=weights.device)
    keys = keys.topk(min(k, tokens), dim=1).values
    return Heaviest((keys >> 32).int().view(torch.float32), tokens - 1 - (keys & _LOW_32_BITS))


def quantised(found: Heaviest, quantiser: Quantiser, tokens: Sequence[str]) -> list[Impacts]:
    """Return the vectors of a batch as token → impact, in the order of `found`."""
    weights = found.weights.cpu().numpy()
    impacts = quantiser.impacts(weights)
    names = np.array(tokens, dtype=object)[found.positions.cpu().numpy()]
    counts = (weights > 0).sum(axis=1)
    rows = zip(names, impacts, counts, strict=True)
    return [dict(zip(name[:count].tolist(), impact[:count].tolist(), strict=True)) for name, impact, count in rows]


def placed(found: Heaviest, grid: Grid, quantiser: Quantiser, tokens: Sequence[str]) -> list[str]:
    """Return where the tokens of each vector were found, as the texts that `vectors/positions.py` describes."""
    assert found.winners is not None, "whoever wants places has asked for them"
    texts = []
    for vector, winners in zip(quantised(found, quantiser, tokens), found.winners.tolist(), strict=True):
        numbers = {token: winner for token, winner in zip(vector, winners, strict=False)}
        texts.append(format_positions(grid, vector, {t: n for t, n in numbers.items() if n < grid.rows * grid.columns}))
    return texts
