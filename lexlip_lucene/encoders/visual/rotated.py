"""Rotated scalars: the numbers of a turned state are its codes (Amato et al., CEUR 2646). Nothing is trained.

    y = R x / ‖x‖,   code i: relu(y_i),   code width + i: relu(−y_i)

x is the mean over the places less the mean of all pictures, R a random rotation, which spreads what a picture has over
all numbers alike. The heaviest of the codes are kept, as of the other kinds.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualForm, VisualRecipe


class Rotated(VisualCode):
    """A random rotation of mean states.

    Attributes:
        mean: (width,) float32, of the pictures.
        rotation: R (width, width) float32.
    """

    kind: ClassVar[str] = "rotated"
    version: ClassVar[int] = 1
    power: ClassVar[float] = 1.0
    with_idf: ClassVar[bool] = False

    def __init__(self, mean: Tensor, rotation: Tensor) -> None:
        self.mean, self.rotation = mean, rotation

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], form: VisualForm) -> Self:
        """Return the code that `tensors` gave these."""
        return cls(tensors["mean"], tensors["rotation"])

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file keeps."""
        return {"mean": self.mean, "rotation": self.rotation}

    @property
    def size(self) -> int:
        """Number of codes: two a number, for either sign."""
        return 2 * len(self.mean)

    @property
    def width(self) -> int:
        """Numbers of a place's state."""
        return len(self.mean)

    def strengths(self, places: Tensor) -> Tensor:
        """Map places (batch, places, width) to strengths (batch, size)."""
        return _both_signs(functional.normalize(places.mean(dim=1) - self.mean, dim=1) @ self.rotation.T)

    def at_places(self, places: Tensor, codes: Tensor) -> Tensor:
        """Return the strengths (places, codes): what each place adds to the codes, if it adds to them at all."""
        return _both_signs((places - self.mean) @ self.rotation.T)[:, codes]

    @classmethod
    def fit(cls, places: Tensor, recipe: VisualRecipe, *, seed: int, progress: Progress) -> Self:
        """Draw the rotation, and take the mean."""
        width = places.shape[1]
        drawn = torch.randn(width, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        rotation, upper = torch.linalg.qr(drawn)
        return cls(places.mean(dim=0, dtype=torch.float32), (rotation * upper.diagonal().sign()).float())


def _both_signs(numbers: Tensor) -> Tensor:
    return torch.cat([numbers.relu(), (-numbers).relu()], dim=-1)
