"""The losses of training, each a function of tensors.

What is here trains the contrastive model of the demo and of `encode/*.yaml`. The two-phase pre-training's losses
(masked language modelling from the lexicon bottleneck, momentum contrast) join them here.
"""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(similarity: Tensor) -> Tensor:
    """Symmetric in-batch contrastive loss (InfoNCE; LexLIP's in-batch lexicon-contrastive loss).

        t2i = mean over captions (i, c) of −log softmax_j(s[i, c, j])[i]
        i2t = mean over slots c and images j of −log softmax_i(s[i, c, j])[j]
        loss = (t2i + i2t) / 2

    An image's other captions are never its negatives: each caption slot c is a batch of its own in i2t.

    Args:
        similarity: (images, captions an image, images): caption c of image i against image j, already scaled.
    """
    images, captions, _ = similarity.shape
    own = torch.arange(images, device=similarity.device)
    t2i = functional.cross_entropy(similarity.reshape(images * captions, images), own.repeat_interleave(captions))
    i2t = torch.stack([functional.cross_entropy(similarity[:, slot].T, own) for slot in range(captions)]).mean()
    return (t2i + i2t) / 2


def word_loss(logits: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    """Return how badly images predict the words of their captions: Σ over tokens of binary cross-entropy.

        loss = mean over images of Σ_v BCE(σ(logit_v + prior_v), present_v),   prior_v = log odds of token v

    With the prior added, a logit above 0 says that the picture makes the word likelier than it is anywhere, which is
    what a weight above 0 means. A tower that starts from nothing learns to see from this before it can contrast.

    Args:
        logits: (images, tokens) largest logit of each token.
        present: (images, tokens) 1 where one of the image's captions has the token.
        prior: (tokens,) log odds of the token over the training images.
    """
    loss = functional.binary_cross_entropy_with_logits(logits + prior, present.float(), reduction="sum")
    return loss / len(logits)


def flops_loss(weights: Tensor) -> Tensor:
    """Return the FLOPS regulariser: Σ over tokens of (mean weight over the batch)² (Paria et al., ICLR 2020).

    It must see vectors before any division by length: on unit vectors the sum is at most 1 whatever their sparsity.

    Args:
        weights: (batch, tokens) float ≥ 0.
    """
    return weights.mean(dim=0).square().sum()


def ramp(done: float, length: float) -> float:
    """Return the quadratic ramp of a regulariser: 0 at the start, 1 from `length` on (SPLADE's schedule).

    Args:
        done: share of the run since the ramp's start; below 0 counts as 0.
        length: share of the run that the ramp takes, above 0.
    """
    return min(1.0, max(0.0, done) / length) ** 2
