"""From the largest logit of each token to its weight: LexLIP's lexicon representation.

    weight_v = log(1 + relu(max over positions p of logits_{p,v}))

(LexLIP, ICCV 2023; SPLADE-max before it.) Logits of 1.0 and 3.0 for a token at two positions give log(4) = 1.386. The
maximum itself is `lexicon_pool`.
"""

import torch
from torch import Tensor

NORM_FLOOR = 1e-6
"""A vector of zeros stays zeros."""


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
