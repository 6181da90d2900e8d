"""The factor on similarities: the inverse of a temperature, learned or fixed."""

import math

import torch
from torch import Tensor, nn

from lexlip_lucene.training.parallel import Team


class SimilarityScale(nn.Module):
    """exp of one number, so that it stays above 0 (CLIP's logit scale)."""

    def __init__(self, start: float, *, learned: bool = True) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(math.log(start)), requires_grad=learned)

    def forward(self, similarity: Tensor, team: Team) -> Tensor:
        """Return the scaled similarity of a loss that every process of the team computes whole.

        The gradients of the team are added up, so each process contributes its share of this one's.
        """
        own = self.log / team.size
        return similarity * (own + (self.log - own).detach()).exp()
