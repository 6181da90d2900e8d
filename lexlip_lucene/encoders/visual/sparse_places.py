"""The few codes that each place has: numbers and weights, added up over a picture, or looked up in each place."""

from typing import NamedTuple

import torch
from torch import Tensor


class SparsePlaces(NamedTuple):
    """The codes of each place.

    Attributes:
        codes: (…, places, few) int64.
        weights: (…, places, few) float ≥ 0; 0: no code.
    """

    codes: Tensor
    weights: Tensor

    def added(self, size: int) -> Tensor:
        """Return the sum over places (batch, size), of codes and weights (batch, places, few)."""
        total = self.weights.new_zeros(len(self.weights), size)
        return total.scatter_add_(1, self.codes.flatten(1), self.weights.flatten(1))

    def rebuilt(self, decoder: Tensor) -> Tensor:
        """Return Σ weight × decoder row of the codes (places, kept), of codes and weights (places, few)."""
        return (self.weights.unsqueeze(-1) * decoder[self.codes]).sum(dim=1)

    def weights_of(self, wanted: Tensor) -> Tensor:
        """Return the weights (places, wanted) of the codes `wanted` (wanted,), of codes and weights (places, few)."""
        same = self.codes.unsqueeze(-1) == wanted
        return torch.where(same, self.weights.unsqueeze(-1), 0).sum(dim=1)
