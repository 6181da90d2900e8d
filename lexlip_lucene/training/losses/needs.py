"""Needs of the losses: the parts of a run that a term states, and their check against the recipe."""

from collections.abc import Mapping
from dataclasses import dataclass

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe

EXPANDER = "expander"
"""The name of the teacher that the run makes of its own expander; any other teacher is loaded."""


@dataclass(frozen=True)
class Needs:
    """Parts of a run that a term computes from, beside the images and captions of a step.

    Attributes:
        masked: share of a caption's words that are masked for the text side, in 0..1; 0: no masked captions.
        weakly_seen: share of the words that are masked for a decoder, in 0..1; 0: no such captions.
        transformer: True if the text side has to be a transformer.
        dense: True if the model has to have the dense twin.
        teacher: the teacher's name: `expander`, a hub name or a folder; None: no teacher.
    """

    masked: float = 0.0
    weakly_seen: float = 0.0
    transformer: bool = False
    dense: bool = False
    teacher: str | None = None


@dataclass(frozen=True)
class JointNeeds:
    """Needs of all terms of a run.

    Attributes:
        masks: shares of the words that are masked for the text side and for the decoder; 0: none.
        teachers: names of the teachers, without `expander`.
        expander: True if the expander teaches.
    """

    masks: tuple[float, float] = (0.0, 0.0)
    teachers: tuple[str, ...] = ()
    expander: bool = False


def joint_needs(needs: Mapping[str, Needs]) -> JointNeeds:
    """Join the needs of several terms, given by the name of each.

    Raises:
        RecipeError: two terms need captions masked at different shares.
    """
    teachers = dict.fromkeys(need.teacher for need in needs.values() if need.teacher is not None)
    return JointNeeds(
        masks=(
            _one_share("masked", {name: need.masked for name, need in needs.items()}),
            _one_share("weakly seen", {name: need.weakly_seen for name, need in needs.items()}),
        ),
        teachers=tuple(name for name in teachers if name != EXPANDER),
        expander=EXPANDER in teachers,
    )


def require_needs(needs: Mapping[str, Needs], recipe: EncoderRecipe) -> None:
    """Check that the recipe has what its terms need.

    Raises:
        RecipeError: the text side is static, or the dense twin or the expander is missing.
    """
    joint_needs(needs)
    for name, need in needs.items():
        if need.transformer and recipe.text.kind != "transformer":
            raise RecipeError(f"the loss {name} needs text.kind transformer, got {recipe.text.kind}")
        if need.dense and recipe.training.dense is None:
            raise RecipeError(f"the loss {name} needs the dense twin: set training.dense")
        if need.teacher == EXPANDER and recipe.expander is None:
            raise RecipeError(f"the loss {name} needs the expander, its teacher: set expander")


def _one_share(kind: str, shares: Mapping[str, float]) -> float:
    asked = {share: name for name, share in shares.items() if share}
    if len(asked) > 1:
        (first, one), (second, other), *_ = asked.items()
        raise RecipeError(
            f"one share of {kind} words a run is needed, but the loss {one} needs {first} and {other} needs {second}"
        )
    return next(iter(asked), 0.0)
