"""What a run minimises: the losses that its recipe names, each with its weight."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.examples.examples import CaptionWords
from lexlip_lucene.training.formulas import flops_loss, ramp
from lexlip_lucene.training.losses.contrast import InBatchContrast, MomentumContrast
from lexlip_lucene.training.losses.dense_contrast import DenseContrast, Distillation, Teaching
from lexlip_lucene.training.losses.frequency import DocumentFrequency
from lexlip_lucene.training.losses.language import Bottleneck, Language
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import Team
from lexlip_lucene.training.scale import SimilarityScale

DENSE_SCALE = 20.0
"""Start of the dense twin's learned scale on cosines: a temperature of .05, the official code's."""


class Losses(NamedTuple):
    """One part of a step: what is minimised, and each loss before its weight, over the whole team."""

    total: Tensor
    each: dict[str, Tensor]


class Objective(nn.Module):
    """The losses of a run and what they train beside the model: scales, the decoder; and the queues.

    Args:
        model: what trains, with its weights loaded: momentum encoders start from it as it is.
        recipe: the recipe's `training` part.
        words: the captions' words, where the word loss is asked for.
        teacher: where distillation has another model as its teacher.
    """

    def __init__(
        self, model: LexLip, recipe: TrainingRecipe, words: CaptionWords | None, teacher: Teaching | None
    ) -> None:
        super().__init__()
        self.recipe, self.words = recipe, words
        self.scale = SimilarityScale(recipe.similarity_scale, learned=recipe.learn_scale)
        self.momentum = MomentumContrast(model, recipe.momentum, self.scale) if recipe.momentum else None
        self.contrast = InBatchContrast(self.scale)
        self.language = Language() if recipe.language else None
        self.bottleneck: Bottleneck | None = None
        if recipe.bottleneck is not None:
            assert isinstance(model.text, TransformerText), "the recipe's own check"
            self.bottleneck = Bottleneck(model.text, recipe.bottleneck)
        self.dense_scale = SimilarityScale(DENSE_SCALE) if recipe.dense else None
        self.dense = DenseContrast(self.dense_scale) if self.dense_scale is not None else None
        self.distillation: Distillation | None = None
        if recipe.distillation is not None:
            self.distillation = Distillation(recipe.distillation, teacher, self.scale, self.dense_scale)
        self.frequencies: nn.ModuleDict | None = None
        if recipe.flops_frequency:
            sides = ("image", "text")
            self.frequencies = nn.ModuleDict({side: DocumentFrequency(len(model.lexicon)) for side in sides})

    def forward(self, views: Views) -> Losses:
        """Return the losses of one part of a step."""
        found = _Sum(views.team)
        self._add_word_losses(found, views)
        if views.done >= self.recipe.word_phase:
            self._add_comparisons(found, views)
            pressure = ramp(views.done - self.recipe.word_phase, self.recipe.flops_ramp)
            for side, weight in (("image", self.recipe.image_flops), ("text", self.recipe.text_flops)):
                if weight:
                    found.add(f"{side}_flops", weight * pressure, self._flops(side, views), whole=True)
        return Losses(torch.stack(found.weighted).sum(), found.each)

    def _add_word_losses(self, found: "_Sum", views: Views) -> None:
        recipe = self.recipe
        if self.words is not None and recipe.word_loss:
            found.add(
                "words", recipe.word_loss, self.words.loss(views.image_logits, views.own.images) / views.team.size
            )
        if self.language is not None and recipe.language is not None:
            found.add("language", recipe.language.weight, self.language(views))
        if self.bottleneck is not None and recipe.bottleneck is not None:
            if recipe.bottleneck.image_weight:
                found.add("image_to_text", recipe.bottleneck.image_weight, self.bottleneck.from_image(views))
            if recipe.bottleneck.text_weight:
                found.add("text_to_text", recipe.bottleneck.text_weight, self.bottleneck.from_text(views))

    def _add_comparisons(self, found: "_Sum", views: Views) -> None:
        recipe = self.recipe
        if self.momentum is not None and recipe.contrast:
            found.add("momentum_contrast", recipe.contrast, self.momentum(views))
        elif recipe.contrast:
            found.add("contrast", recipe.contrast, self.contrast(views), whole=True)
        if self.dense is not None and recipe.dense is not None:
            found.add("dense_contrast", recipe.dense.weight, self.dense(views), whole=True)
        if self.distillation is not None and recipe.distillation is not None:
            found.add("distillation", recipe.distillation.weight, self.distillation(views), whole=True)

    def _flops(self, side: str, views: Views) -> Tensor:
        weights = views.team.gather(views.image_weights if side == "image" else views.text_weights)
        if self.frequencies is None:
            return flops_loss(weights)
        frequency = self.frequencies[side]
        assert isinstance(frequency, DocumentFrequency)
        frequency.see(weights)
        return flops_loss(weights, frequency.importance())


class _Sum:
    """Adds up a step's losses: `weighted` for the gradient, `each` before its weight for the log."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.weighted: list[Tensor] = []
        self.each: dict[str, Tensor] = {}

    def add(self, name: str, weight: float, loss: Tensor, *, whole: bool = False) -> None:
        """Add a loss: `whole` when it is of the whole team, else it is this process's share."""
        self.weighted.append(weight * loss)
        self.each[name] = loss.detach() if whole else self.team.total(loss)
