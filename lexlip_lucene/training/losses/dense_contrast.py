"""The dense twin's contrast."""

from torch import Tensor

from lexlip_lucene.recipes.training_recipe import DenseRecipe, TrainingRecipe
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views


class DenseContrast(Term):
    """The in-batch contrast (`contrastive_loss`) of the dense twin's cosines, with a scale of its own, as CLIP's."""

    name = "dense_contrast"
    key = "training.dense"
    whole = True

    def __init__(self, settings: DenseRecipe, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.scale = parts.dense_scale

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> DenseRecipe | None:
        """Return `training.dense`."""
        return training.dense

    @classmethod
    def needs(cls, settings: DenseRecipe) -> Needs:
        """Return the need of the dense twin."""
        return Needs(dense=True)

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch."""
        return contrastive_loss(self.scale(views.dense_similarity, views.team), views.alike, views.pair_weights)
