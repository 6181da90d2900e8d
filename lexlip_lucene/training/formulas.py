"""Formulas that the model's training shares with the expander's: the in-batch contrast and the FLOPS regulariser.

The formula of any other loss is in the file of its term, in `losses/`.
"""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(similarity: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the symmetric in-batch contrastive loss (InfoNCE; LexLIP's in-batch lexicon-contrastive loss).

        t2i = mean over captions (i, c) of −log softmax_j(s[i, c, j])[i]
        i2t = mean over slots c and images j of −log softmax_i(s[i, c, j])[j]
        loss = (t2i + i2t) / 2

    An image's other captions are never its negatives: each caption slot c is a batch of its own in i2t. With weights,
    both means, over captions and over slots with their images, are weighted ones.

    Args:
        similarity: (images, captions an image, images and more): caption c of image i against image j, already scaled.
            Images beyond the first ones have no captions here: they are only negatives in t2i.
        weights: (images, captions an image) float ≥ 0, of caption c with image i; None: all count alike.
    """
    images, captions, more = similarity.shape
    own = torch.arange(images, device=similarity.device)
    if weights is not None:
        return _weighted_contrast(similarity, weights, own)
    t2i = functional.cross_entropy(similarity.reshape(images * captions, more), own.repeat_interleave(captions))
    i2t = torch.stack(
        [functional.cross_entropy(similarity[:, slot, :images].T, own) for slot in range(captions)]
    ).mean()
    return (t2i + i2t) / 2


def _weighted_contrast(similarity: Tensor, weights: Tensor, own: Tensor) -> Tensor:
    images, captions, more = similarity.shape
    t2i = functional.cross_entropy(
        similarity.reshape(images * captions, more), own.repeat_interleave(captions), reduction="none"
    ).view(images, captions)
    i2t = torch.stack(
        [functional.cross_entropy(similarity[:, slot, :images].T, own, reduction="none") for slot in range(captions)],
        dim=1,
    )
    total = weights.sum().clamp(min=torch.finfo(similarity.dtype).tiny)
    return (weights * (t2i + i2t)).sum() / (2 * total)


def flops_loss(weights: Tensor, importance: Tensor | None = None) -> Tensor:
    """Return the FLOPS regulariser: Σ over tokens of importance · (mean weight over the batch)².

    Without importance it is that of Paria et al., ICLR 2020; with that of `DocumentFrequency` it is DF-FLOPS, which
    shortens the longest posting lists (Porco et al., arXiv 2505.15070; up to their factor N, the batch's size).

    It must see vectors before any division by length: on unit vectors the sum is at most 1, however sparse they are.

    Args:
        weights: (batch, tokens) float ≥ 0.
        importance: (tokens,) float ≥ 0, the factor of each token's square; None: 1.
    """
    squares = weights.mean(dim=0).square()
    return squares.sum() if importance is None else (importance.detach() * squares).sum()
