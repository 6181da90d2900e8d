"""Wrong pictures for captions: the pictures of other captions, and those that look most like a caption's own."""

import numpy as np
import torch
from torch import Tensor

from lexlip_lucene.pairs.encoded import Numbers

_AT_ONCE = 512


def nearest_pictures(looks: Tensor, count: int = 1) -> Numbers:
    """Return the (pictures, count) numbers of the other pictures that look most alike, the most alike first.

    Args:
        looks: (pictures, width) of unit length; more than one picture.
        count: of each picture; all others if there are fewer.
    """
    vectors = looks.float()
    found = []
    for at in range(0, len(vectors), _AT_ONCE):
        similarity = vectors[at : at + _AT_ONCE] @ vectors.T
        rows = torch.arange(len(similarity))
        similarity[rows, rows + at] = float("-inf")
        found.append(similarity.topk(min(count, len(vectors) - 1), dim=1).indices)
    return np.asarray(torch.cat(found).numpy())
