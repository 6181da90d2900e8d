"""Formulas that the model's training shares with the expander's: the in-batch contrast and the FLOPS regulariser.

The formula of any other loss is in the file of its term, in `losses/`.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Alike(NamedTuple):
    """Different images of a batch that are too much alike to be negatives of each other.

    `pairs` is (images, images and more) bool; its diagonal means nothing. `positives` is True if they share the target
    with the own image, False if they are left out of the softmax.
    """

    pairs: Tensor
    positives: bool = False


def contrastive_loss(similarity: Tensor, alike: Alike | None = None, weights: Tensor | None = None) -> Tensor:
    """Return the symmetric in-batch contrastive loss (InfoNCE; LexLIP's in-batch lexicon-contrastive loss).

        t2i = mean over captions (i, c) of −log softmax_j(s[i, c, j])[i]
        i2t = mean over slots c and images j of −log softmax_i(s[i, c, j])[j]
        loss = (t2i + i2t) / 2

    An image's other captions are never its negatives: each caption slot c is a batch of its own in i2t. Of images that
    are alike, each is left out of the softmax of the other, or it is a positive: the target is then 1 / |P| for each of
    the P, the own one and those alike to it. The own image is never left out. With weights, both means, over captions
    and over slots with their images, are weighted ones.

    Args:
        similarity: (images, captions an image, images and more): caption c of image i against image j, already scaled.
            Images beyond the first ones have no captions here: they are only negatives in t2i.
        alike: images that are no negatives of each other; None: every other image is one.
        weights: (images, captions an image) float ≥ 0, of caption c with image i; None: all count alike.
    """
    images, captions, more = similarity.shape
    if alike is None and weights is None:
        own = torch.arange(images, device=similarity.device)
        t2i = functional.cross_entropy(similarity.reshape(images * captions, more), own.repeat_interleave(captions))
        i2t = torch.stack(
            [functional.cross_entropy(similarity[:, slot, :images].T, own) for slot in range(captions)]
        ).mean()
        return (t2i + i2t) / 2
    costs = _costs(similarity, alike)
    if weights is None:
        return costs.mean() / 2
    return (weights * costs).sum() / (2 * weights.sum().clamp(min=torch.finfo(similarity.dtype).tiny))


def _costs(similarity: Tensor, alike: Alike | None) -> Tensor:
    """Return what each caption costs with its image, both ways (images, captions an image)."""
    images, _, more = similarity.shape
    targets = torch.eye(images, more, dtype=torch.bool, device=similarity.device)
    if alike is not None and alike.positives:
        targets = targets | alike.pairs
    elif alike is not None:
        similarity = similarity.masked_fill((alike.pairs & ~targets).unsqueeze(1), -torch.inf)
    t2i = _shared(targets, similarity.log_softmax(dim=2), dim=1)
    i2t = _shared(targets[:, :images], similarity[:, :, :images].log_softmax(dim=0), dim=0)
    return -(t2i.sum(dim=2) + i2t.sum(dim=0).T)


def _shared(targets: Tensor, logs: Tensor, dim: int) -> Tensor:
    """Return `logs` (images, captions, others), each times its share among the targets of a row or a column."""
    shares = targets / targets.sum(dim=dim, keepdim=True).to(logs.dtype)
    return shares.unsqueeze(1) * logs.masked_fill(~targets.unsqueeze(1), 0)


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
