"""The sparse auto-encoder: each place is rebuilt from its few strongest codes (BM25-V, arXiv 2603.05781).

    h = the `per_place` largest of relu(E x + b),   x̂ = D h,   loss ‖x − x̂‖² / ‖x‖²

x is the whitened state. Codes start as places drawn at random: E is half of the place, b minus the standard deviation
of what E gives, so that a code answers to what is like its place, and to little else. D is the place, all at the one
length that rebuilds best: neighbouring codes answer together, and would overshoot at their own.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.visual.sparse_places import SparsePlaces
from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.encoders.visual.whitening import Whitening, fit_whitening
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualForm, VisualRecipe

AT_ONCE = 16
"""Pictures whose answers (places × codes) are in memory at once."""


class AutoEncoder(VisualCode):
    """A top-k sparse auto-encoder over whitened places.

    Attributes:
        whitening: of the places.
        encoder: E (size, kept) float32.
        bias: b (size,) float32.
        per_place: codes that a place keeps.
    """

    kind: ClassVar[str] = "auto-encoder"
    version: ClassVar[int] = 1
    saturated: ClassVar[bool] = True

    def __init__(self, whitening: Whitening, encoder: Tensor, bias: Tensor, per_place: int) -> None:
        self.whitening, self.encoder, self.bias, self.per_place = whitening, encoder, bias, per_place

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], form: VisualForm) -> Self:
        """Return the code that `tensors` gave these."""
        whitening = Whitening(tensors["mean"], tensors["directions"])
        return cls(whitening, tensors["encoder"], tensors["bias"], form.per_place)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file keeps; the decoder was for training only."""
        return {**self.whitening._asdict(), "encoder": self.encoder, "bias": self.bias}

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.encoder)

    @property
    def width(self) -> int:
        """Numbers of a place's state."""
        return len(self.whitening.mean)

    def strengths(self, places: Tensor) -> Tensor:
        """Map places (batch, places, width) to strengths (batch, size): sums over the places."""
        return torch.cat([self._of_places(some).added(self.size) for some in places.split(AT_ONCE)])

    def at_places(self, places: Tensor, codes: Tensor) -> Tensor:
        """Return the strengths (places, codes) of `codes` in each place."""
        return self._of_places(places).weights_of(codes)

    def _of_places(self, places: Tensor) -> SparsePlaces:
        return strongest(self.whitening(places) @ self.encoder.T + self.bias, self.per_place)

    @classmethod
    def fit(cls, places: Tensor, recipe: VisualRecipe, *, seed: int, progress: Progress) -> Self:
        """Fit by Adam; a step draws `batch_places` places.

        Raises:
            InputError: there are fewer places than codes.
        """
        if len(places) < recipe.size:
            raise InputError(
                f"an auto-encoder of {recipe.size} codes starts from as many places, but the pictures have "
                f"{len(places)}: give more pictures, or fewer codes (size)"
            )
        chance = torch.Generator().manual_seed(seed)
        whitening = fit_whitening(places, recipe.width, chance)
        first = whitening(places[torch.randperm(len(places), generator=chance)[: recipe.size]].float())
        sample = whitening(_some(places, chance, recipe.batch_places))
        encoder, decoder, bias = _start(first, sample, recipe.per_place)
        weights = [tensor.requires_grad_() for tensor in (encoder, decoder, bias)]
        optimiser = torch.optim.Adam(weights, lr=recipe.learning_rate)
        for _ in progress.track(range(recipe.steps), "visual words (steps)", recipe.steps):
            seen = whitening(_some(places, chance, recipe.batch_places))
            found = strongest(seen @ encoder.T + bias, recipe.per_place)
            loss = ((seen - found.rebuilt(decoder)) ** 2).sum() / (seen**2).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return cls(whitening, encoder.detach(), bias.detach(), recipe.per_place)


def strongest(answers: Tensor, few: int) -> SparsePlaces:
    """Return the `few` largest answers (…, codes) of each place, none below 0."""
    top = answers.topk(min(few, answers.shape[-1]), dim=-1)
    return SparsePlaces(top.indices, top.values.relu())


def _start(first: Tensor, sample: Tensor, few: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return E, D and b that start from the places `first` (codes, kept), for places as `sample` has them."""
    encoder = 0.5 * first
    bias = -(sample @ encoder.T).std(dim=0)
    decoder = functional.normalize(first, dim=1)
    rebuilt = strongest(sample @ encoder.T + bias, few).rebuilt(decoder)
    length = (sample * rebuilt).sum() / (rebuilt**2).sum().clamp(min=1e-12)
    return encoder, length * decoder, bias


def _some(places: Tensor, chance: torch.Generator, count: int) -> Tensor:
    return places[torch.randint(len(places), (count,), generator=chance)].float()
