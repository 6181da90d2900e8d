"""The lexicon pool's two products in plain PyTorch, for any device and any float dtype; `lexicon_pool` is the caller.

Forward: logits of a few images × a few hundred tokens at a time, one matrix product each into the same buffer, which
stays in the second-level cache (2^18 logits: 1 MB of float32), then their maximum. The eager head writes all logits to
memory and reads them again. Backward: `embedding_bag`, which sums weighted rows of a table without a copy of them.
"""

from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

_TILE = 1 << 18
"""Logits computed at once on a CPU."""

_TILE_CUDA = 1 << 24
"""The same on a GPU, where a tile has to keep all processors busy: 32 MB of bfloat16, still within a large L2."""

_ROWS = 1024
"""States in one matrix product, where there are as many: fewer leave the tile instructions idle."""


def largest(states: Tensor, weight: Tensor, values: Tensor, positions: Tensor | None) -> None:
    """Fill in the largest logit of each token over all positions.

    Args:
        states: (batch, positions, width) float, contiguous.
        weight: (tokens, width) of the same dtype, contiguous.
        values: (batch, tokens) float, overwritten with the largest logits.
        positions: (batch, tokens) int, overwritten with the lowest positions that have them; None: not wanted.
    """
    batch, length, _ = states.shape
    tile = _TILE_CUDA if states.is_cuda else _TILE
    images = max(1, min(batch, _ROWS * tile // _TILE // length))
    tokens = max(1, tile // (images * length))
    buffer = states.new_empty(images * length * min(tokens, len(weight)))
    for begin, first in product(range(0, batch, images), range(0, len(weight), tokens)):
        image, token = slice(begin, begin + images), slice(first, first + tokens)
        rows, columns = states[image].flatten(0, 1), weight[token]
        space = buffer[: len(rows) * len(columns)].view(len(rows), len(columns))
        logits = torch.mm(rows, columns.T, out=space).view(-1, length, len(columns))
        if positions is None:
            values[image, token] = logits.amax(dim=1)
        else:
            values[image, token], positions[image, token] = logits.max(dim=1)


def sum_rows(table: Tensor, rows: Tensor, shares: Tensor, begins: Tensor) -> Tensor:
    """Return Σ over j in begins[i]:begins[i+1] of shares[j] × table[rows[j]]: (targets, width) in the table's dtype.

    Args:
        table: (rows, width) float.
        rows: (entries,) int64.
        shares: (entries,) float, rounded to the table's dtype.
        begins: (targets + 1,) int64, ascending from 0 to the number of entries.
    """
    return embedding_bag(
        rows, table, begins, mode="sum", per_sample_weights=shares.to(table.dtype), include_last_offset=True
    )
