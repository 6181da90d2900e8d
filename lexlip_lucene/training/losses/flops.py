"""The FLOPS regulariser of images and of texts, which keeps vectors sparse."""

from typing import ClassVar, Literal

from torch import Tensor

from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.formulas import flops_loss
from lexlip_lucene.training.losses.document_frequency import DocumentFrequency
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term, TermSettings
from lexlip_lucene.training.losses.views import Views


def ramp(done: float, length: float) -> float:
    """Return the quadratic ramp of a regulariser: 0 at the start, 1 from `length` on (SPLADE's schedule).

    Args:
        done: share of the run since the ramp's start; below 0 counts as 0.
        length: share of the run that the ramp takes, above 0.
    """
    return min(1.0, max(0.0, done) / length) ** 2


class Flops(Term):
    """The FLOPS regulariser (`flops_loss`) of one side's vectors before division by length; the base of both.

        loss = Σ_v importance_v · (mean_i w_iv)²,   weight = ramp · weight of the recipe

    Paria et al., ICLR 2020; the ramp, from the end of the word phase, is SPLADE's. With `flops_frequency` the
    importance is that of `DocumentFrequency` (DF-FLOPS, arXiv 2505.15070), otherwise 1.
    """

    whole = True
    regularises = True
    side: ClassVar[Literal["image", "text"]]

    def __init__(self, settings: TermSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        training = parts.training
        self.begins, self.length = training.word_phase, training.flops_ramp
        self.frequency = DocumentFrequency(len(parts.model.lexicon)) if training.flops_frequency else None

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> TermSettings | None:
        """Return the weight `training.image_flops` or `training.text_flops`, or None if it is 0."""
        weight = training.image_flops if cls.side == "image" else training.text_flops
        return TermSettings(weight=weight) if weight else None

    def weight_at(self, done: float) -> float:
        """Return the weight on the ramp."""
        return self.weight * ramp(done - self.begins, self.length)

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch, which a running document frequency sees first."""
        weights = views.team.gather(views.image_weights if self.side == "image" else views.text_weights)
        if self.frequency is None:
            return flops_loss(weights)
        self.frequency.see(weights)
        return flops_loss(weights, self.frequency.importance())


class ImageFlops(Flops):
    """The regulariser of image vectors."""

    name = "image_flops"
    key = "training.image_flops"
    side = "image"


class TextFlops(Flops):
    """The regulariser of text vectors."""

    name = "text_flops"
    key = "training.text_flops"
    side = "text"
