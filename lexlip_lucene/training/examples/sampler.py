"""Samplers: which images a step of a run draws. The plain one shuffles the images again for every epoch.

A sampler may follow the model (`neighbour_batches.py`): from time to time it takes the clusters that the model's
current vectors make, and is sure of its images only until it takes the next. Everything else that it draws follows
from the seed and the step's number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

ORDER, STEP, NETWORK, NEIGHBOURS, CLUSTERS = range(5)
"""Purposes of a generator: the order of an epoch, the draws of a step, dropout inside the networks, the order of an
epoch of neighbours, their clusters."""


class Sampler(Protocol):
    """A choice of the images of every step."""

    def images(self, first: int, last: int) -> Iterator[NDArray[np.int64]]:
        """Yield the images of the steps `first` to `last` − 1."""
        ...

    def is_due(self, step: int) -> bool:
        """Return True if clusters have to be taken before the images of `step` are known."""
        ...

    def next_due(self, step: int) -> int | None:
        """Return the first step after `step` for which clusters have to be taken; None: there is none."""
        ...

    def take(self, step: int, clusters: NDArray[np.int32]) -> None:
        """Take the cluster of each image trained on, as the model sees them before `step`."""
        ...

    def saved(self) -> dict[str, Any]:
        """Return all that the images of later steps depend on beside the seed, as a checkpoint holds it."""
        ...

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take what `saved` returned."""
        ...


@dataclass(frozen=True)
class EpochShuffles:
    """Shuffles: every epoch has all images in an order of its own, in whole batches.

    Attributes:
        seed: of the run.
        trained: numbers of the images trained on.
        batch: images a step.
    """

    seed: int
    trained: NDArray[np.int64]
    batch: int

    @property
    def steps_of_an_epoch(self) -> int:
        """Whole batches of an epoch."""
        return len(self.trained) // self.batch

    def images(self, first: int, last: int) -> Iterator[NDArray[np.int64]]:
        """Yield the images of the steps `first` to `last` − 1."""
        epoch, order = -1, self.trained
        for step in range(first, last):
            at, slot = divmod(step, self.steps_of_an_epoch)
            if at != epoch:
                epoch, order = at, np.random.default_rng([self.seed, ORDER, at]).permutation(self.trained)
            yield order[slot * self.batch : (slot + 1) * self.batch]

    def is_due(self, step: int) -> bool:
        """Return False: shuffles follow no model."""
        return False

    def next_due(self, step: int) -> int | None:
        """Return None."""
        return None

    def take(self, step: int, clusters: NDArray[np.int32]) -> None:
        """Do nothing."""

    def saved(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Do nothing."""
