"""The score of late interaction: s_T of a caption's tokens and a picture's patches (`encoders/pool/late_head.py`)."""

import torch
from torch import Tensor

from lexlip_lucene.encoders.pool.late_head import token_scores
from lexlip_lucene.errors import ModelError
from lexlip_lucene.pairs.encoded import AT_ONCE, Encoded, Numbers

TEXTS_AT_ONCE = 32
"""With 1,000 pictures of 16 patches and 13 tokens a text, 27 MB of similarities."""


class LateScores:
    """s_T of the captions and pictures of `encoded`.

    Raises:
        ModelError: the model has no late head.
    """

    def __init__(self, encoded: Encoded) -> None:
        if encoded.patches is None:
            raise ModelError(
                f"the head late needs a model with patch vectors, but {encoded.model.config.name} has none: train it "
                "with late in its recipe, or take --head lexlip"
            )
        self._encoded, self._patches = encoded, encoded.patches

    def of_pairs(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (n,) of caption captions[i] with picture pictures[i]."""
        parts = [torch.zeros(0)]
        for at in range(0, len(captions), AT_ONCE):
            tokens = self._encoded.tokens(captions[at : at + AT_ONCE])
            patches = self._patches[torch.from_numpy(pictures[at : at + AT_ONCE])].float()
            best = (tokens.vectors @ patches.transpose(1, 2)).amax(dim=2)
            total = tokens.weights.sum(dim=1).clamp(min=torch.finfo(best.dtype).tiny)
            parts.append((best * tokens.weights).sum(dim=1) / total)
        return torch.cat(parts)

    def against(self, captions: Numbers, pictures: Numbers) -> Tensor:
        """Return the scores (captions, pictures) of every caption with every picture."""
        patches = self._patches[torch.from_numpy(pictures)].float()
        parts = [captions[at : at + TEXTS_AT_ONCE] for at in range(0, len(captions), TEXTS_AT_ONCE)]
        return torch.cat([token_scores(self._encoded.tokens(part), patches) for part in parts])
