"""Top-k masking in training: a dense vector keeps its k heaviest tokens, as the index will, and zeros elsewhere.

Not the cut of the encoder, which leaves the dense form (`vectors/quantise.py`); both keep the same tokens. With k 2,
(0.5, 2.0, 0.5, 1.0) becomes (0, 2.0, 0, 1.0), and with k 3 (0.5, 2.0, 0, 1.0): of equal weights the lower token stays.
"""

from torch import Tensor


def keep_heaviest(weights: Tensor, k: int | None) -> Tensor:
    """Return `weights` with all but the k heaviest tokens of each vector at 0; the gradient flows only to the kept.

    Args:
        weights: (batch, tokens) float ≥ 0.
        k: tokens kept, at least 1; None, or no fewer than there are tokens: `weights` itself comes back.
    """
    if k is None or k >= weights.shape[1]:
        return weights
    lightest_kept = weights.detach().topk(k, dim=1).values[:, -1:]
    above, level = weights > lightest_kept, weights == lightest_kept
    room = k - above.sum(dim=1, keepdim=True)
    kept = above | (level & (level.cumsum(dim=1) <= room))
    return weights.masked_fill(~kept, 0.0)
