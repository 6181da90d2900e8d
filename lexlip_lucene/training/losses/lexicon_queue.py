"""The queue of momentum contrast: the newest keys of one side, sparse, which are the negatives of the other.

A key is a lexicon vector cut to its heaviest tokens, held as (token, weight) pairs: 11,520 keys of 256 tokens take
24 MB, where the official code's dense 30,522 × 11,520 float32 take 1.4 GB. The queue holds keys and nothing else: it
has none until some are pushed, and gives no similarity before it is full.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class LexiconQueue(nn.Module):
    """A ring of `size` keys; all state is in buffers, so that a run resumes with the very same negatives.

    Args:
        size: keys held.
        top_k: heaviest tokens kept of a key.
        tokens: dimensions of a key.
    """

    indices: Tensor
    values: Tensor
    owners: Tensor
    next: Tensor
    filled: Tensor

    def __init__(self, size: int, top_k: int, tokens: int) -> None:
        super().__init__()
        kept = min(top_k, tokens)
        self.size, self.tokens = size, tokens
        self.register_buffer("indices", torch.zeros(size, kept, dtype=torch.int32))
        self.register_buffer("values", torch.zeros(size, kept))
        self.register_buffer("owners", torch.full((size,), -1, dtype=torch.long))
        self.register_buffer("next", torch.zeros((), dtype=torch.long))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    @property
    def full(self) -> bool:
        """True if every place holds a key."""
        return bool(self.filled == self.size)

    @torch.no_grad()
    def push(self, weights: Tensor, owners: Tensor) -> None:
        """Put keys in the places of the oldest; of more keys than there are places, the last ones stay.

        Push after the step's backward pass, which needs the keys that its similarities were computed from.

        Args:
            weights: (n, tokens) float ≥ 0, as they enter the similarity.
            owners: (n,) number of the image that each key is, or is a caption of.
        """
        weights, owners = weights[-self.size :], owners[-self.size :]
        values, indices = weights.topk(self.values.shape[1], dim=1)
        places = (self.next + torch.arange(len(weights), device=self.next.device)) % self.size
        self.indices[places] = indices.to(self.indices)
        self.values[places] = values.to(self.values)
        self.owners[places] = owners.to(self.owners)
        self.next.copy_((self.next + len(weights)) % self.size)
        self.filled.copy_((self.filled + len(weights)).clamp(max=self.size))

    def similarity(self, queries: Tensor) -> Tensor:
        """Return the inner product of every query with every key: (n, size) float32, in the order of `owners`.

        It is a weighted sum of rows of the transposed queries per key (`embedding_bag`), so that memory is
        O(n × (size + tokens)), without a dense key. The gradient flows to the queries.

        Args:
            queries: (n, tokens) float of any precision.
        """
        assert self.full, f"the queue is filled before it counts: {int(self.filled)} of {self.size} keys are there"
        by_token = queries.T.to(self.values.dtype).contiguous()
        return functional.embedding_bag(self.indices, by_token, per_sample_weights=self.values, mode="sum").T
