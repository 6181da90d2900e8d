"""The dense twin's contrast, and learning from a teacher's similarities, as parts of an objective."""

from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lexlip_lucene.recipes.training_recipe import DistillationRecipe
from lexlip_lucene.training.formulas import contrastive_loss, distillation_loss
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.scale import SimilarityScale


class DenseContrast(nn.Module):
    """The in-batch contrast of the dense twin, with a scale of its own."""

    def __init__(self, scale: SimilarityScale) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch."""
        return contrastive_loss(self.scale(views.dense_similarity, views.team))


class Teaching(Protocol):
    """What knows how similar captions and images are: `Teacher`, `ExpanderTeacher`."""

    def similarity(self, images: NDArray[Any], captions: NDArray[Any]) -> Tensor:
        """Return the similarities (captions, images) float32 of the captions and images with these numbers."""
        ...


class Distillation(nn.Module):
    """The similarities of a batch as a teacher sees them: another model, or this run's own two sides together.

    Own two sides (`teacher` None): softmax of the mean of both scaled similarities teaches both (self-distillation of
    arXiv 2508.16707); another model teaches the sparse side, and the dense twin where there is one.
    """

    def __init__(
        self,
        recipe: DistillationRecipe,
        teacher: Teaching | None,
        scale: SimilarityScale,
        dense_scale: SimilarityScale | None,
    ) -> None:
        super().__init__()
        self.recipe, self.teacher, self.scale, self.dense_scale = recipe, teacher, scale, dense_scale

    def forward(self, views: Views) -> Tensor:
        """Return the mean of the students' losses over the team's whole batch."""
        students = [self.scale(views.similarity, views.team).flatten(0, 1)]
        if self.dense_scale is not None:
            students.append(self.dense_scale(views.dense_similarity, views.team).flatten(0, 1))
        if self.teacher is None:
            share = self.recipe.dense_share
            wanted = ((1 - share) * students[0] + share * students[1]).detach()
        else:
            wanted = self.teacher.similarity(views.whole.images, views.whole.numbers).to(students[0])
            wanted = wanted / self.recipe.temperature
        return torch.stack([distillation_loss(student, wanted) for student in students]).mean()
