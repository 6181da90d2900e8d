"""A table from each token to the few further tokens that it calls for: "kid" also asks for "boy" and "child".

    weight of u in a text that lacks u = max over its own tokens t of  share(t, u) × weight of t

A query so finds pictures that were described in other words, as translation models of retrieval have it (Berger &
Lafferty, 1999), and no network runs: it is a lookup.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.model.static_query import UNITS
from lexlip_lucene.recipes.model_spec import TranslationSpec


class Translation(nn.Module):
    """The table: for each of the lexicon's tokens at most `spec.tokens` others, with a share in 0..1 of its weight.

    `further` (tokens, n) int32 are their positions in the lexicon. `share` (tokens, n) int16, in units of 1 / UNITS, is
    0 at places that stay free.
    """

    further: Tensor
    share: Tensor

    def __init__(self, spec: TranslationSpec, tokens: int) -> None:
        super().__init__()
        self.register_buffer("further", torch.zeros(tokens, spec.tokens, dtype=torch.int32))
        self.register_buffer("share", torch.zeros(tokens, spec.tokens, dtype=torch.int16))

    def fill(self, shares: Tensor) -> None:
        """Keep the largest shares of each token: (tokens, tokens) float, 0 on the diagonal."""
        most = shares.topk(min(self.share.shape[1], shares.shape[1]), dim=1)
        width = most.values.shape[1]
        self.share.zero_()
        self.share[:, :width] = (most.values * UNITS).round().short()
        self.further[:, :width] = most.indices.int()

    def forward(self, weights: Tensor, positions: Tensor) -> Tensor:
        """Return the weights (batch, tokens) of texts with what their own tokens call for.

        Args:
            weights: (batch, tokens) float, of own tokens only.
            positions: (batch, length) long, the lexicon's positions of a text's tokens; outside of it: no token.
        """
        tokens = weights.shape[1]
        own = functional.pad(weights, (0, 1)).gather(1, positions.clamp(max=tokens))
        known = positions.clamp(max=tokens - 1)
        called = own.unsqueeze(2) * (self.share[known] / UNITS)
        most = torch.zeros_like(weights).scatter_reduce(
            1, self.further[known].long().flatten(1), called.flatten(1), "amax", include_self=True
        )
        return torch.where(weights > 0, weights, most)
