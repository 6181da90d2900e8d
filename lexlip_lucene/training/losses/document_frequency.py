"""Document frequency in training: the share of recent vectors that has each token, and its cost (DF-FLOPS).

    share_t      = Σ_s decay^(now−s) · vectors of step s with token t / Σ_s decay^(now−s) · vectors of step s
    importance_t = 1 / (1 + (share_t^(log_α 2) − 1)^β)        α = 0.1, β = 10

The function is DF-FLOPS's (Porco et al., arXiv 2505.15070), who count on the validation documents every 100 steps;
here every step counts, and a step 100 steps ago has 0.99^100 = 37 % of its weight. A token in 1 vector of 10 has
importance 0.5, in 1 of 20 it has 0.02, in 1 of 5 it has 0.99: few tokens pay, and a rare one pays nothing.
"""

import math

import torch
from torch import Tensor, nn

HALF_AT = 0.1
"""α: the share at which a token counts half."""

STEEPNESS = 10.0
"""β: the steepness of importance there. Both as re-implementations of the paper have them."""


class DocumentFrequency(nn.Module):
    """The running share of vectors in which each token is active; all state is in buffers, for resuming.

    Args:
        tokens: dimensions of the vectors.
        decay: weight of what was seen before, per step, in 0..1.
    """

    active: Tensor
    vectors: Tensor

    def __init__(self, tokens: int, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("active", torch.zeros(tokens))
        self.register_buffer("vectors", torch.zeros(()))

    @torch.no_grad()
    def see(self, weights: Tensor) -> None:
        """Count the tokens above 0 in `weights` (batch, tokens); several processes hand in what they gathered."""
        self.active.mul_(self.decay).add_((weights > 0).sum(dim=0))
        self.vectors.mul_(self.decay).add_(len(weights))

    def share(self) -> Tensor:
        """Return (tokens,) the running share of vectors with each token, in 0..1; 0 when none was seen."""
        return (self.active / self.vectors.clamp(min=torch.finfo(self.vectors.dtype).tiny)).clamp(max=1.0)

    def importance(self) -> Tensor:
        """Return (tokens,) the factor of each token in `flops_loss`, in 0..1; 1 for all before any vector was seen."""
        if self.vectors == 0:
            return torch.ones_like(self.active)
        odds = self.share().pow(math.log(2) / math.log(HALF_AT)) - 1  # ∞ for a share of 0, whose importance is 0
        return 1 / (1 + odds.clamp(min=0.0).pow(STEEPNESS))
