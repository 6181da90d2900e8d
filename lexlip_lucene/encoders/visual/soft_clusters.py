"""Soft clusters: a visual word is a centre of k-means, and a place has its few nearest (Philbin et al., CVPR 2008).

    weight of a near centre c = e^(−‖x − c‖² / s),  the weights of a place add up to 1

s is the mean squared distance of a place to its nearest centre, so that a place in the middle of a cluster has hardly
another one.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from lexlip_lucene.encoders.visual.sparse_places import SparsePlaces
from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.encoders.visual.whitening import Whitening, fit_whitening
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualForm, VisualRecipe

ITERATIONS = 20

AT_ONCE = 8192
"""Places."""


class SoftClusters(VisualCode):
    """Centres of whitened places; a place has its `per_place` nearest.

    Attributes:
        whitening: of the places.
        centres: (size, kept) float32.
        spread: () float32, s above.
        per_place: centres that a place has.
    """

    kind: ClassVar[str] = "k-means"
    version: ClassVar[int] = 1
    power: ClassVar[float] = 0.5
    with_idf: ClassVar[bool] = True

    def __init__(self, whitening: Whitening, centres: Tensor, spread: Tensor, per_place: int) -> None:
        self.whitening, self.centres, self.spread, self.per_place = whitening, centres, spread, per_place

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], form: VisualForm) -> Self:
        """Return the code that `tensors` gave these."""
        whitening = Whitening(tensors["mean"], tensors["directions"])
        return cls(whitening, tensors["centres"], tensors["spread"], form.per_place)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file keeps."""
        return {**self.whitening._asdict(), "centres": self.centres, "spread": self.spread}

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.centres)

    @property
    def width(self) -> int:
        """Numbers of a place's state."""
        return len(self.whitening.mean)

    def strengths(self, places: Tensor) -> Tensor:
        """Map places (batch, places, width) to strengths (batch, size): sums over the places."""
        return self._of_places(places).added(self.size)

    def at_places(self, places: Tensor, codes: Tensor) -> Tensor:
        """Return the strengths (places, codes) of `codes` in each place."""
        return self._of_places(places).weights_of(codes)

    def _of_places(self, places: Tensor) -> SparsePlaces:
        near = nearest(self.whitening(places), self.centres, self.per_place)
        return SparsePlaces(near.codes, (-near.weights / self.spread).softmax(dim=-1))

    @classmethod
    def fit(cls, places: Tensor, recipe: VisualRecipe, *, seed: int, progress: Progress) -> Self:
        """Fit by k-means (faiss).

        Raises:
            InputError: there are fewer places than centres.
        """
        import faiss  # only a fit needs it

        if len(places) < recipe.size:
            raise InputError(
                f"{recipe.size} clusters need as many places, but the pictures have {len(places)}: give more pictures, "
                "or fewer codes (size)"
            )
        whitening = fit_whitening(places, recipe.width, torch.Generator().manual_seed(seed))
        seen = torch.cat([whitening(part.float()) for part in places.split(AT_ONCE)])
        progress.note(f"k-means: {recipe.size} centres of {len(seen)} places")
        means = faiss.Kmeans(
            seen.shape[1], recipe.size, niter=ITERATIONS, seed=seed, min_points_per_centroid=1, verbose=False
        )
        means.train(np.ascontiguousarray(seen.numpy()))
        centres = torch.from_numpy(np.asarray(means.centroids, dtype=np.float32))
        parts = [nearest(part, centres, 1).weights for part in seen.split(AT_ONCE)]
        return cls(whitening, centres, torch.cat(parts).mean().clamp(min=1e-6), recipe.per_place)


def nearest(seen: Tensor, centres: Tensor, few: int) -> SparsePlaces:
    """Return the `few` nearest centres of each place (…, kept) with their squared distances as weights."""
    squared = (seen**2).sum(-1, keepdim=True) - 2 * seen @ centres.T + (centres**2).sum(-1)
    near = squared.clamp(min=0).topk(min(few, len(centres)), dim=-1, largest=False)
    return SparsePlaces(near.indices, near.values)
