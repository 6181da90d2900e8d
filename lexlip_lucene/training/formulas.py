"""The losses of training, each a function of tensors: which are added up, with which weights, a recipe says.

What they are computed from is elsewhere: masked captions (`masking.py`), the bottleneck and its decoder
(`bottleneck.py`), the keys of momentum contrast (`momentum.py`, `lexicon_queue.py`).
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


def momentum_contrastive_loss(positive: Tensor, negatives: Tensor, excluded: Tensor | None = None) -> Tensor:
    """Momentum contrastive loss of one direction (MoCo, arXiv 1911.05722; LexLIP's phase 2).

        loss = mean over queries i of −log( e^p_i / (e^p_i + Σ_j e^n_ij) ),   j over the keys of the queue

    The other keys of the current batch are no negatives, as in the official LexLIP code: the queue alone has them.

    Args:
        positive: (n,) similarity of each query to the momentum key of its own other side, already scaled.
        negatives: (n, queue) similarity of each query to the keys of the queue, already scaled.
        excluded: (n, queue) bool, True where a key is of the query's own image, which is no negative; None: nowhere.
    """
    if excluded is not None:
        negatives = negatives.masked_fill(excluded, float("-inf"))
    logits = torch.cat([positive.unsqueeze(1), negatives], dim=1)
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def masked_language_loss(logits: Tensor, labels: Tensor, count: float) -> Tensor:
    """Masked-language-modelling loss (BERT): of the text side itself, and of the weak decoder (LexLIP's LexMLM).

        loss = Σ over masked positions of −log softmax(logits)[label] / count

    Where nothing is masked it is 0, with a gradient of 0.

    Args:
        logits: (masked, vocabulary) at the masked positions alone.
        labels: (masked,) long, the row of the vocabulary that was there.
        count: masked positions of the whole batch, over all of its parts and processes; the parts' losses add up.
    """
    return functional.cross_entropy(logits, labels, reduction="sum") / max(count, 1.0)


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Distillation from a teacher's similarities within the batch (Kullback–Leibler divergence, both directions).

        t2i = mean over texts of KL(softmax_j(teacher[i, :]) ‖ softmax_j(student[i, :]))
        i2t = mean over images of KL(softmax_i(teacher[:, j]) ‖ softmax_i(student[:, j]))
        loss = (t2i + i2t) / 2

    An image may have several texts: a column is one distribution over all texts of the batch, over which the teacher
    spreads an image's mass as it sees fit, so that none of the image's own texts is a negative by decree. The mean
    over the smaller side counts as much as that over the larger.

    Args:
        student: (texts, images) similarities, already scaled.
        teacher: (texts, images) similarities, already scaled; no gradient flows into them.
    """
    teacher = teacher.detach()
    directions = [
        functional.kl_div(
            student.log_softmax(dim=over), teacher.log_softmax(dim=over), reduction="sum", log_target=True
        )
        / student.shape[1 - over]
        for over in (1, 0)
    ]
    return (directions[0] + directions[1]) / 2


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


def flops_loss(weights: Tensor, importance: Tensor | None = None) -> Tensor:
    """Return the FLOPS regulariser: Σ over tokens of importance · (mean weight over the batch)².

    Without importance it is that of Paria et al., ICLR 2020; with that of `DocumentFrequency` it is DF-FLOPS, which
    shortens the longest posting lists (Porco et al., arXiv 2505.15070; up to their factor N, the batch's size).

    It must see vectors before any division by length: on unit vectors the sum is at most 1 whatever their sparsity.

    Args:
        weights: (batch, tokens) float ≥ 0.
        importance: (tokens,) float ≥ 0, the factor of each token's square; None: 1.
    """
    squares = weights.mean(dim=0).square()
    return squares.sum() if importance is None else (importance.detach() * squares).sum()


def ramp(done: float, length: float) -> float:
    """Return the quadratic ramp of a regulariser: 0 at the start, 1 from `length` on (SPLADE's schedule).

    Args:
        done: share of the run since the ramp's start; below 0 counts as 0.
        length: share of the run that the ramp takes, above 0.
    """
    return min(1.0, max(0.0, done) / length) ** 2
