"""The whitening of places: their main directions, the strong ones weakened.

    x ↦ W (x − mean),   W = rows u_i / λ_i^power / s

u_i are the eigenvectors of the states' covariance with the largest eigenvalues λ_i. With a power of ½ all directions
would count alike, noise as well; of 0, a few would count only. ¼ lies between. s brings the mean squared length to 1,
so that a rate of learning means the same for every backbone.
"""

from typing import NamedTuple

import torch
from torch import Tensor

POWER = 0.25

FLOOR = 1e-6
"""Smallest eigenvalue, as a share of the largest: what no picture varies in is not blown up."""


class Whitening(NamedTuple):
    """A projection of states (…, width) to (…, kept).

    Attributes:
        mean: (width,) float32, subtracted first.
        directions: (kept, width) float32.
    """

    mean: Tensor
    directions: Tensor

    def __call__(self, places: Tensor) -> Tensor:
        """Return the whitened states."""
        return (places - self.mean) @ self.directions.T


SAMPLE = 50_000
"""Places that the directions are taken of, at most."""


def fit_whitening(places: Tensor, kept: int, chance: torch.Generator) -> Whitening:
    """Return the whitening of places (places, width) float; `kept` directions, or as many as there are."""
    sample = places[torch.randperm(len(places), generator=chance)[:SAMPLE]].float()
    mean = sample.mean(dim=0)
    centred = (sample - mean).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / max(1, len(sample) - 1))
    values, vectors = values.flip(0)[:kept], vectors.flip(1)[:, :kept]
    values = values.clamp(min=max(float(values[0]) * FLOOR, 1e-12))
    scale = values**-POWER / (values ** (1 - 2 * POWER)).sum().sqrt()
    return Whitening(mean, (vectors * scale).T.float().contiguous())
