"""The objective of a run: the weighted sum of the losses that its recipe names."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import TrainingError
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.terms import NamedTerm
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.scale import SimilarityScale


class Losses(NamedTuple):
    """Losses of one part of a step: what is minimised, and each loss before its weight, over the whole team."""

    total: Tensor
    each: dict[str, Tensor]


class Objective(nn.Module):
    """The terms of a run, and the modules beside the model that they share: scales, a decoder.

    Args:
        named: the losses that the recipe names, with their settings.
        parts: of the run; momentum encoders start from its model as it is.
    """

    def __init__(self, named: Sequence[NamedTerm], parts: Parts) -> None:
        super().__init__()
        self.word_phase = parts.training.word_phase
        self.scale = parts.scale  # the log has it, even if no term uses it
        self.shared = parts.shared
        self.terms = nn.ModuleDict({kind.name: kind(settings, parts) for kind, settings in named})

    def __iter__(self) -> Iterator[Term]:
        for term in self.terms.values():
            assert isinstance(term, Term)
            yield term

    def forward(self, views: Views) -> Losses:
        """Return the losses of one part of a step.

        Raises:
            TrainingError: a term returns something else than a single number.
        """
        weighted: list[Tensor] = []
        each: dict[str, Tensor] = {}
        for term in self:
            if views.done < self.word_phase and not term.in_word_phase:
                continue
            loss: Tensor = term(views)
            if loss.shape:
                raise TrainingError(f"the loss {term.name} must be one number, got a tensor {tuple(loss.shape)}")
            weighted.append(term.weight_at(views.done) * loss)
            each[term.name] = loss.detach() if term.whole else views.team.total(loss)
        return Losses(torch.stack(weighted).sum(), each)

    def scales(self) -> dict[str, float]:
        """Return the factor of every scale on similarities, by its name in the log."""
        scales = {name: module for name, module in self.shared.items() if isinstance(module, SimilarityScale)}
        return {name: float(scale.log.exp()) for name, scale in scales.items()}

    def without_regularisers(self, losses: dict[str, float]) -> float:
        """Add up the losses of a step that don't regularise, before their weights."""
        regularisers = {term.name for term in self if term.regularises}
        return sum(value for name, value in losses.items() if name not in regularisers)

    def after_step(self, model: LexLip) -> None:
        """Let every term follow the model: once per optimiser step."""
        for term in self:
            term.after_step(model)
