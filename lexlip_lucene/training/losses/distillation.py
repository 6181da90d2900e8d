"""Distillation: learning from a teacher's similarities within the batch."""

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.recipes.training_recipe import DistillationRecipe, TrainingRecipe
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views

ENSEMBLE = "ensemble"
"""The teacher that is the run's own two sides together."""


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the loss of learning a teacher's similarities (Kullback–Leibler divergence, both directions).

        t2i = mean over texts of KL(softmax_j(teacher[i, :]) ‖ softmax_j(student[i, :]))
        i2t = mean over images of KL(softmax_i(teacher[:, j]) ‖ softmax_i(student[:, j]))
        loss = (t2i + i2t) / 2

    An image may have several texts: a column is one distribution over all texts of the batch, over which the teacher
    spreads an image's mass as it sees fit, so that none of the image's own texts is a negative by decree. The mean
    over the smaller side counts as much as that over the larger.

    Args:
        student: (texts, images) similarities, already scaled.
        teacher: (texts, images) similarities, already scaled; no gradient flows into them.
    """
    teacher = teacher.detach()
    directions = [
        functional.kl_div(
            student.log_softmax(dim=over), teacher.log_softmax(dim=over), reduction="sum", log_target=True
        )
        / student.shape[1 - over]
        for over in (1, 0)
    ]
    return (directions[0] + directions[1]) / 2


class Distillation(Term):
    """The mean of the students' `distillation_loss`: the sparse side's, and the dense twin's if the model has one.

    The teacher `ensemble` is the run's own two sides: the mean of both scaled similarities teaches both
    (self-distillation of arXiv 2508.16707). Any other is a separate model, whose similarities are divided by
    `temperature`.
    """

    name = "distillation"
    key = "training.distillation"
    whole = True

    def __init__(self, settings: DistillationRecipe, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.recipe, self.scale = settings, parts.scale
        self.dense_scale = parts.dense_scale if parts.training.dense is not None else None
        self.teacher = None if settings.teacher == ENSEMBLE else parts.teachers[settings.teacher]

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> DistillationRecipe | None:
        """Return `training.distillation`."""
        return training.distillation

    @classmethod
    def needs(cls, settings: DistillationRecipe) -> Needs:
        """Return the need of a teacher, or of the dense twin for the teacher `ensemble`."""
        return Needs(dense=True) if settings.teacher == ENSEMBLE else Needs(teacher=settings.teacher)

    def forward(self, views: Views) -> Tensor:
        """Return the mean of the students' losses over the team's whole batch."""
        students = [self.scale(views.similarity, views.team).flatten(0, 1)]
        if self.dense_scale is not None:
            students.append(self.dense_scale(views.dense_similarity, views.team).flatten(0, 1))
        if self.teacher is None:
            share = self.recipe.dense_share
            target = ((1 - share) * students[0] + share * students[1]).detach()
        else:
            target = self.teacher.similarity(views.whole.images, views.whole.numbers).to(students[0])
            target = target / self.recipe.temperature
        return torch.stack([distillation_loss(student, target) for student in students]).mean()
