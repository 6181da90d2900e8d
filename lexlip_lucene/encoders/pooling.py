"""From logits at every position to one weight per token: LexLIP's lexicon representation.

    weight_v = log(1 + relu(max over positions p of logits_{p,v}))

(LexLIP, ICCV 2023; SPLADE-max before it.) Logits of 1.0 and 3.0 for a token at two positions give log(4) = 1.386.
"""

import torch
from torch import Tensor

NORM_FLOOR = 1e-6
"""A vector of zeros stays zeros."""


def max_over_positions(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the largest logit of each token over the positions that count.

    Args:
        logits: (batch, positions, vocabulary) float.
        mask: (batch, positions) bool, True where a position counts; None when all do.

    Returns:
        (batch, vocabulary) float; −inf for a row without any position that counts.
    """
    if mask is not None:
        logits = logits.masked_fill(~mask.unsqueeze(-1), float("-inf"))
    return logits.amax(dim=1)


def saturate(logits: Tensor) -> Tensor:
    """Return log(1 + relu(logits)): the weight that grows slower the larger it is."""
    return torch.log1p(torch.relu(logits))


def divide_by_length(weights: Tensor, power: float) -> Tensor:
    """Divide each vector by its L2 norm to `power` (1: unit length; 0: unchanged).

    Args:
        weights: (batch, vocabulary) float ≥ 0.
        power: in 0..1.
    """
    if power == 0:
        return weights
    length: Tensor = weights.norm(dim=1, keepdim=True).clamp(min=NORM_FLOOR)
    return weights / length.pow(power)
