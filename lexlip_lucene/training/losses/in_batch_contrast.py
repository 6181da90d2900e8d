"""The in-batch contrast: every caption against every image of the batch, over all processes."""

from torch import Tensor

from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term, TermSettings
from lexlip_lucene.training.losses.views import Views


class InBatchContrast(Term):
    """The symmetric contrast of captions and images within the batch (InfoNCE; LexLIP, ICCV 2023).

        loss = ½ [CE(s · q dᵀ) + CE(s · d qᵀ)],   each caption slot a batch of its own in the second

    s is the scale, q the captions and d the images as the similarity sees them; `contrastive_loss` has it in full.
    In batches of neighbours, images that are alike are no negatives of each other.
    """

    name = "contrast"
    key = "training.contrast"
    whole = True

    def __init__(self, settings: TermSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.scale = parts.scale

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> TermSettings | None:
        """Return the weight `training.contrast`, or None if it is 0 or `training.momentum` contrasts instead."""
        in_batch = training.contrast and training.momentum is None
        return TermSettings(weight=training.contrast) if in_batch else None

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch."""
        return contrastive_loss(self.scale(views.similarity, views.team), views.alike, views.pair_weights)
