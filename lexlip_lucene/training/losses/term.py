"""A term of the objective: one loss with its weight, and its own statement of all that a run does for it.

A term is one file. Its docstring has the formula and the source, `settings` and `needs` say what its recipe may set and
what the run has to give it, and `forward` computes it. `terms.py` has the terms by name.
"""

from typing import Any, ClassVar

from pydantic import Field, ValidationError
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.reading import explained
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.views import Views


class TermSettings(Spec):
    """Settings of a term in a recipe's `training.terms`; a term with further ones has a subclass of this.

    `weight` is the factor of the loss in the sum that is minimised.
    """

    weight: float = Field(default=1.0, ge=0)


class Term(nn.Module):
    """One loss of the objective. Its tensors are saved in checkpoints, and its parameters train beside the model.

    Attributes:
        name: of the loss in the log, `loss/NAME`, and in `training.terms`.
        key: the recipe key that sets the loss, for the messages; None: the loss is named in `training.terms`.
        settings: the type of the loss's settings in `training.terms`.
        whole: True if `forward` returns the loss of the whole team's batch, the same in all processes; False if it
            returns this process's share, and the shares add up to the loss.
        in_word_phase: True if the loss also counts in the word phase, when images learn only words.
        regularises: True if the loss restrains the vectors; the reported loss of a run is without it.
        weight: factor of the loss in the sum that is minimised.
    """

    name: ClassVar[str]
    key: ClassVar[str | None] = None
    settings: ClassVar[type[TermSettings]] = TermSettings
    whole: ClassVar[bool] = False
    in_word_phase: ClassVar[bool] = False
    regularises: ClassVar[bool] = False

    def __init__(self, settings: Any, parts: Parts) -> None:
        super().__init__()
        self.weight = float(settings.weight)

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> Any | None:
        """Return the settings that the recipe has for this loss, or None if the recipe does not name it.

        Raises:
            RecipeError: a setting is unknown, missing or out of range.
        """
        if cls.name not in training.terms:
            return None
        try:
            return cls.settings.model_validate(training.terms[cls.name])
        except ValidationError as error:
            raise RecipeError(f"training.terms.{cls.name}: {explained(error, cls.settings)}") from None

    @classmethod
    def needs(cls, settings: Any) -> Needs:
        """Return what a loss with these settings needs of the run."""
        return Needs()

    def forward(self, views: Views) -> Tensor:
        """Return the loss of one part of a step before its weight: a tensor of shape ()."""
        raise NotImplementedError

    def weight_at(self, done: float) -> float:
        """Return the weight at the share `done` of the run, in 0..1."""
        return self.weight

    def batches_before(self, images: int) -> int:
        """Return how many batches of `images` images the loss has to see by `fill` before the first step."""
        return 0

    def fill(self, views: Views) -> None:
        """See a batch before the first step, without a loss."""

    def after_step(self, model: LexLip) -> None:
        """Follow the model after an optimiser step, which may have had several parts."""
