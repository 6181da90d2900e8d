"""The lexicon pool's backward pass: gradients of states and weights from the winning positions; the caller is its own.

With the logits' gradient g and the winners W as a sparse matrix A (batch·positions, tokens), A[b·P + W(b, v), v] =
g[b, v], they are A @ weight and Aᵀ @ states: batch × tokens entries, 1/positions of the arithmetic of the two dense
products that the eager head does. Entries whose gradient is zero (log(1 + relu) of a logit below 0) are left out
before anything is read for them, so the fewer tokens are active, the less there is to do. Both are made in pieces of
the result, each complete in itself: sums run in one order, and the same inputs give the same bits.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

SumRows = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(table, rows, shares, begins) → Σ over j in begins[i]:begins[i+1] of shares[j] × table[rows[j]]."""


class Winners(NamedTuple):
    """The backward pass: a gradient (batch, tokens) of the largest logits, and where each was found."""

    slope: Tensor
    positions: Tensor
    sum_rows: SumRows

    def states_gradient(self, states: Tensor, weight: Tensor) -> Tensor:
        """Return Σ over the tokens v that a position wins of slope[b, v] × weight[v], some images at a time."""
        batch, length, width = states.shape
        gradient = torch.empty_like(states)
        step = max(1, self._entries // max(1, len(weight)))
        for begin in range(0, batch, step):
            images = slice(begin, begin + step)
            slope = self.slope[images].flatten()
            target = (self.positions[images] + self._starts(images, length)).flatten()
            hits = slope.nonzero().squeeze(1)
            target, order = target[hits].sort(stable=True)
            hits = hits[order]
            count = len(gradient[images]) * length
            sums = self.sum_rows(weight, hits % len(weight), slope[hits], _begins(target, count))
            gradient[images] = sums.view(-1, length, width)
        return gradient

    def weight_gradient(self, states: Tensor, weight: Tensor) -> Tensor:
        """Return Σ over the images b of slope[b, v] × states[b, winner], some tokens at a time."""
        batch, length, _ = states.shape
        gradient = torch.empty_like(weight)
        step = max(1, self._entries // max(1, batch))
        for begin in range(0, len(weight), step):
            tokens = slice(begin, begin + step)
            slope = self.slope[:, tokens].T.flatten()
            rows = (self.positions[:, tokens] + self._starts(slice(batch), length)).T.flatten()
            hits = slope.nonzero().squeeze(1)
            begins = _begins(hits // max(1, batch), len(gradient[tokens]))
            gradient[tokens] = self.sum_rows(states.flatten(0, 1), rows[hits], slope[hits], begins)
        return gradient

    @property
    def _entries(self) -> int:
        """Entries of the sparse product handled at once; each takes about 50 bytes of work space, on a GPU 100 MB."""
        return 1 << (21 if self.slope.is_cuda else 13)

    def _starts(self, images: slice, length: int) -> Tensor:
        """Return the number of each image's first state among those of `images`, as one table: (images, 1) int64."""
        count = len(self.slope[images])
        return torch.arange(count, device=self.slope.device).unsqueeze(1) * length


def _begins(target: Tensor, count: int) -> Tensor:
    """Return the beginnings of the entries of each of `count` targets, and the last one's end; `target` ascends."""
    return torch.searchsorted(target, torch.arange(count + 1, device=target.device))
