"""Parts of a run that its losses are made of: the model, the captions, the teachers, and what several losses share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.scale import SimilarityScale

DENSE_SCALE = 20.0
"""Start of the dense twin's learned scale on cosines: a temperature of .05, the official code's."""

Module = TypeVar("Module", bound=nn.Module)


class Teaching(Protocol):
    """A teacher, which knows how similar captions and images are: `Teacher`, `ExpanderTeacher`."""

    def similarity(self, images: NDArray[Any], captions: NDArray[Any]) -> Tensor:
        """Return the similarities (captions, images) float32 of the captions and images with these numbers."""
        ...


@dataclass(frozen=True)
class Parts:
    """Parts of one run, which every term is given when it is made.

    Attributes:
        model: the model that trains, with its weights loaded.
        training: the recipe's part `training`.
        captions: all captions, also those of the images kept aside.
        trained: numbers of the images that are trained on.
        teachers: the teachers that the terms need, by name.
        shared: modules that several terms share; they train beside the model.
    """

    model: LexLip
    training: TrainingRecipe
    captions: CaptionTokens
    trained: NDArray[np.int64]
    teachers: Mapping[str, Teaching] = field(default_factory=dict)
    shared: nn.ModuleDict = field(default_factory=nn.ModuleDict)

    def once(self, name: str, make: Callable[[], Module]) -> Module:
        """Return the shared module `name`, which the first call makes."""
        if name not in self.shared:
            self.shared[name] = make()
        return cast(Module, self.shared[name])

    @property
    def scale(self) -> SimilarityScale:
        """The scale of sparse similarities."""
        training = self.training
        return self.once("scale", lambda: SimilarityScale(training.similarity_scale, learned=training.learn_scale))

    @property
    def dense_scale(self) -> SimilarityScale:
        """The scale of the dense twin's cosines."""
        return self.once("dense_scale", lambda: SimilarityScale(DENSE_SCALE))
