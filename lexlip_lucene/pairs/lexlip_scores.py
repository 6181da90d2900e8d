"""The score of the model's own search: the inner product of a caption's and a picture's lexicon weights.

Weights are floats, cut to the heaviest tokens that the index would keep, and not quantised: a score needs no calibrated
scale then, and 8 bits would hardly change it.
"""

import torch
from torch import Tensor

from lexlip_lucene.pairs.encoded import AT_ONCE, Encoded, Numbers


class LexLipScores:
    """q · d of the captions and pictures of `encoded`."""

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded

    def of_pairs(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        parts = [torch.zeros(0)]
        for at in range(0, len(captions), AT_ONCE):
            queries = self._encoded.queries(captions[at : at + AT_ONCE])
            parts.append((queries * self._encoded.documents(pictures[at : at + AT_ONCE])).sum(dim=1))
        return torch.cat(parts)

    def against(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (captions, pictures) of every caption with every picture."""
        return self._encoded.queries(captions) @ self._encoded.documents(pictures).T
