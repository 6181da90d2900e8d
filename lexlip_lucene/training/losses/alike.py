"""Images of a batch that are alike, so that a caption of one may be true of the other.

Neighbours are good negatives only as long as their captions are not true of each other. Two images are taken for alike
if the model's current vectors of them are nearly the same, or if people wrote the same words about both.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.training.examples.examples import CaptionTokens


def near_images(vectors: Tensor, near: float) -> Tensor:
    """Return (images, images) bool: True where the cosine of two of the vectors (images, width) is at least `near`."""
    unit = functional.normalize(vectors, dim=1)
    return unit @ unit.T >= near


def same_words(captions: CaptionTokens, images: NDArray[np.int64], numbers: NDArray[np.int64]) -> Tensor:
    """Return (images, images) bool: True where a drawn caption of one has just the tokens of any caption of the other.

    Args:
        captions: all captions.
        images: numbers of the batch's images.
        numbers: row numbers of the drawn captions, as many for every image, in the order of the images.
    """
    rows, owners = captions.numbers_of(images)
    owners_of: dict[bytes, list[int]] = {}
    for words, owner in zip(_words(captions, rows), owners.tolist(), strict=True):
        owners_of.setdefault(words, []).append(owner)
    pairs = torch.zeros(len(images), len(images), dtype=torch.bool)
    each = len(numbers) // len(images)
    for place, words in enumerate(_words(captions, numbers)):
        pairs[place // each, owners_of[words]] = True
    return pairs | pairs.T


def _words(captions: CaptionTokens, rows: NDArray[np.int64]) -> list[bytes]:
    return [ids.tobytes() for ids in captions.tokens.ids[torch.from_numpy(rows)].numpy()]
