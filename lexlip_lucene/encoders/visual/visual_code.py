"""The visual code, as a Protocol: which codes the places of a picture have, and how strongly.

A kind of code is one file: `auto_encoder.py`, `soft_clusters.py`, `rotated.py`. What all share (saturation, idf, the
heaviest, integers) is in `visual_lexicon.py`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

from torch import Tensor

from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualForm, VisualRecipe


class VisualCode(Protocol):
    """A code of places, fitted on the states of pictures without any caption.

    Attributes:
        kind: its name in recipes and files.
        version: of its tensors and of what it computes from them.
        power: of a strength in its weight; below 1 it damps what many places have.
        with_idf: idf is worth having unless a recipe says otherwise.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    power: ClassVar[float]
    with_idf: ClassVar[bool]

    @classmethod
    @abstractmethod
    def fit(cls, places: Tensor, recipe: VisualRecipe, *, seed: int, progress: Progress) -> Self:
        """Fit a code.

        Args:
            places: (places, width) float, of many pictures, in no order that matters.
            recipe: the code's settings.
            seed: of all that is drawn: the same places and seed give the same code.
            progress: receives the steps done.

        Raises:
            InputError: there are too few places.
        """
        ...

    @classmethod
    @abstractmethod
    def of(cls, tensors: Mapping[str, Tensor], form: VisualForm) -> Self:
        """Return the code that `tensors` gave these.

        Raises:
            KeyError: a tensor is missing.
        """
        ...

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Return what a file keeps."""
        ...

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of codes."""
        ...

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers of a place's state."""
        ...

    @abstractmethod
    def strengths(self, places: Tensor) -> Tensor:
        """Map the places of pictures (batch, places, width) to the strength of each code (batch, size) float ≥ 0."""
        ...

    @abstractmethod
    def at_places(self, places: Tensor, codes: Tensor) -> Tensor:
        """Return how strong some codes are in each place of one picture.

        Args:
            places: (places, width) float32.
            codes: (codes,) int64.

        Returns:
            (places, codes) float ≥ 0. A code of a picture has a place in which it is above 0.
        """
        ...
