"""The registry of losses: every term by its name, and those that a recipe names.

A new built-in loss is a file of its own and a line in `BUILT_IN`. A loss of somebody else is registered from Python:

    @register
    class Entropy(Term):
        name = "entropy"
        ...

and then named in a recipe, `training.terms: {entropy: {weight: 0.1}}`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from torch import nn

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.losses.bottleneck import ImageToText, TextToText
from lexlip_lucene.training.losses.dense_contrast import DenseContrast
from lexlip_lucene.training.losses.distillation import Distillation
from lexlip_lucene.training.losses.flops import ImageFlops, TextFlops
from lexlip_lucene.training.losses.in_batch_contrast import InBatchContrast
from lexlip_lucene.training.losses.language import Language
from lexlip_lucene.training.losses.momentum_contrast import MomentumContrast
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.relations import Relations
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.words import Words

BUILT_IN: tuple[type[Term], ...] = (
    Words,
    Language,
    ImageToText,
    TextToText,
    MomentumContrast,
    InBatchContrast,
    DenseContrast,
    Distillation,
    Relations,
    ImageFlops,
    TextFlops,
)
"""The losses of this package, in the order in which a step computes them."""

_registered: dict[str, type[Term]] = {kind.name: kind for kind in BUILT_IN}

Kind = TypeVar("Kind", bound=type[Term])


class NamedTerm(NamedTuple):
    """A loss that a recipe names, with its settings there."""

    kind: type[Term]
    settings: Any


def register(kind: Kind) -> Kind:
    """Make a loss known by its name, for `training.terms`; usable as a decorator.

    A name registered again has the newer loss from then on, as when a notebook's cell is run twice.

    Raises:
        RecipeError: the name is a built-in loss's, or can't be the name of a part of a module.
    """
    name = kind.name
    if name in {built_in.name for built_in in BUILT_IN}:
        raise RecipeError(f"the name of a new loss must not be that of a built-in one, got {name!r}: choose another")
    if not name.isidentifier() or hasattr(nn.ModuleDict(), name):
        raise RecipeError(f"the name of a loss must be a Python identifier that torch leaves free, got {name!r}")
    _registered[name] = kind
    return kind


def named_terms(training: TrainingRecipe) -> list[NamedTerm]:
    """Return the losses that a recipe names, in the order in which a step computes them.

    Raises:
        RecipeError: `training.terms` names an unknown loss, or one that has a key of its own, or has a wrong setting.
    """
    for name in training.terms:
        kind = _registered.get(name)
        if kind is None:
            known = ", ".join(name for name, kind in _registered.items() if kind.key is None) or "none"
            built_in = ", ".join(kind.name for kind in BUILT_IN if kind.key is not None)
            raise RecipeError(
                f"training.terms: unknown loss {name!r}; registered are {known}; with keys of their own: {built_in}"
            )
        if kind.key is not None:
            raise RecipeError(f"training.terms: the loss {name} is set by {kind.key}, not here")
    settings = [(kind, kind.settings_in(training)) for kind in _registered.values()]
    return [NamedTerm(kind, found) for kind, found in settings if found is not None]


def needs_of(named: Sequence[NamedTerm]) -> dict[str, Needs]:
    """Return what each of these losses needs of the run, by its name."""
    return {term.kind.name: term.kind.needs(term.settings) for term in named}
