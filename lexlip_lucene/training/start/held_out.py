"""Held-out offsets: a training image's logits as the ridge start gives them for an image that it has not seen.

A closed-form start fits its own training images too well: their words come out far above those of any other photo,
so the losses see little to mend, and what the network learns beside the start does not carry over. So in training
each image's logits are moved by

    offset_i = W_f (x_i − m_f) − W (x_i − m),     W_f fitted without the fold f that image i is in

to the place of an unseen photo's. Nothing is moved when the model encodes. (Out-of-fold predictions, as
stacking has them: Wolpert, 1992.)
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.training.start.ridge import ridge_solution


class HeldOut(NamedTuple):
    """Offsets of all images by number; those of images that the start did not see are zeros.

    `logits` (images, tokens) float16; `dense` (images, dense width) float32 for the dense twin, or None.
    """

    logits: Tensor
    dense: Tensor | None


def held_out_offsets(features: Tensor, targets: Tensor, strength: float, *, folds: int, seed: int) -> Tensor:
    """Return the change of each image's logits when the ridge solution is fitted without its fold.

    Args:
        features: (images, width) float.
        targets: (images, tokens) float.
        strength: as `start_from_ridge` has it.
        folds: parts that the images are dealt into, 2 or more.
        seed: of the dealing.

    Returns:
        (images, tokens) float16.
    """
    weight, mean, _ = ridge_solution(features, targets, strength)
    offsets = torch.zeros(targets.shape, dtype=torch.float16)
    for fold in _dealt(len(features), folds, seed):
        others = np.setdiff1d(np.arange(len(features)), fold)
        without, without_mean, _ = ridge_solution(features[others], targets[others], strength)
        seen = features[fold]
        offsets[fold] = ((seen - without_mean) @ without.T - (seen - mean) @ weight.T).half()
    return offsets


def placed(offsets: Tensor, images: NDArray[np.int64], count: int, words: Tensor | None) -> HeldOut:
    """Put the offsets of `images` in their places among `count` images.

    Args:
        offsets: (images, tokens) as `held_out_offsets` gives them.
        images: numbers of these images.
        count: all images.
        words: (dense width, tokens) the dense twin's text map E at its start; its image vectors move by the
            pseudo-inverse of Eᵀ times the offset, so that both twins' scores move alike. None: the model has no twin.
    """
    logits = torch.zeros(count, offsets.shape[1], dtype=torch.float16)
    logits[torch.from_numpy(images)] = offsets
    dense = None
    if words is not None:
        dense = torch.zeros(count, len(words))
        dense[torch.from_numpy(images)] = offsets.float() @ torch.linalg.pinv(words.float())
    return HeldOut(logits, dense)


def _dealt(count: int, folds: int, seed: int) -> list[NDArray[np.int64]]:
    return [np.sort(fold) for fold in np.array_split(np.random.default_rng(seed).permutation(count), folds)]
