"""The word loss: an image predicts the words of its captions."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.examples.examples import CaptionTokens, caption_counts
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term, TermSettings
from lexlip_lucene.training.losses.views import Views

SMALLEST_SHARE = 1e-3
"""Keeps the log odds of a word that is in every caption, or in none, finite."""


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


@dataclass(frozen=True)
class CaptionWords:
    """Words that the captions of each image have.

    `present` is (all images, tokens) uint8, `prior` (tokens,) the log odds of each over the images trained on.
    """

    present: Tensor
    prior: Tensor

    @classmethod
    def of(cls, model: LexLip, captions: CaptionTokens, trained: NDArray[np.int64]) -> "CaptionWords":
        """Collect the words of all images; the prior is taken from only the images trained on."""
        present = (caption_counts(model, captions, np.arange(len(captions.counts))) > 0).to(torch.uint8)
        share = present[torch.from_numpy(trained)].float().mean(dim=0).clamp(SMALLEST_SHARE, 1 - SMALLEST_SHARE)
        return cls(present, torch.logit(share))

    def loss(self, logits: Tensor, images: NDArray[np.int64]) -> Tensor:
        """Return the word loss of a batch of images."""
        present = self.present[torch.from_numpy(images)].to(logits.device)
        return word_loss(logits, present, self.prior.to(logits.device))


class Words(Term):
    """The word loss (`word_loss`) as a term; it is what trains in the word phase."""

    name = "words"
    key = "training.word_loss"
    in_word_phase = True

    def __init__(self, settings: TermSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.words = CaptionWords.of(parts.model, parts.captions, parts.trained)

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> TermSettings | None:
        """Return the weight `training.word_loss`, or None if it is 0."""
        return TermSettings(weight=training.word_loss) if training.word_loss else None

    def forward(self, views: Views) -> Tensor:
        """Return this process's share of the mean over the team's images."""
        return self.words.loss(views.image_logits, views.own.images) / views.team.size
