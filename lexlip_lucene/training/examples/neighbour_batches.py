"""Batches of neighbours: from a step on, images of one cluster stand next to each other in a batch.

HREM (CVPR 2023) makes a batch of P clusters with K images each; its published code draws shuffles. Here an epoch is cut
into groups of K images of one cluster, and the groups are shuffled, so that every image is still drawn once an epoch:

    cluster → its images, shuffled → groups of K;   rests of fewer than K, joined in the order of the clusters → groups

New clusters are taken in the middle of an epoch, too. The epoch is then finished with the images that it lacks.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.neighbours_recipe import NeighboursRecipe
from lexlip_lucene.training.examples.sampler import NEIGHBOURS, EpochShuffles


class NeighbourBatches:
    """A sampler of batches of neighbours, after shuffles.

    Its state is the clusters of the last refresh, the step of it, and which images the epoch lacked then.

    Args:
        before: the shuffles until neighbours begin; its batch is a multiple of the recipe's `photos`.
        recipe: `training.neighbours`.
        steps: of the run.

    Raises:
        InputError: there are fewer images than a group has.
    """

    def __init__(self, before: EpochShuffles, recipe: NeighboursRecipe, steps: int) -> None:
        if not before.batch:
            raise InputError(
                f"training.neighbours needs at least {recipe.photos} images a part of a batch and process, but only "
                f"{len(before.trained)} are trained on: set fewer photos"
            )
        self.before, self.photos = before, recipe.photos
        self.begin = next((step for step in range(steps) if recipe.has_begun(step / steps)), steps)
        self.every = recipe.every or before.steps_of_an_epoch
        self.since: int | None = None
        self.clusters = np.zeros(len(before.trained), dtype=np.int32)
        self.lacked = np.ones(len(before.trained), dtype=bool)

    def images(self, first: int, last: int) -> Iterator[NDArray[np.int64]]:
        """Yield the images of the steps `first` to `last` − 1, from the last refresh on or before neighbours begin."""
        begun = min(max(first, self.begin), last)
        yield from self.before.images(first, begun)
        batch, epoch, order, start = self.before.batch, -1, self.before.trained, 0
        for step in range(begun, last):
            at, slot = divmod(step, self.before.steps_of_an_epoch)
            if at != epoch:
                epoch, (order, start) = at, self._order(at)
            yield order[(slot - start) * batch : (slot - start + 1) * batch]

    def is_due(self, step: int) -> bool:
        """Return True at the step where neighbours begin, and every so many steps from there."""
        return step >= self.begin and (step - self.begin) % self.every == 0

    def next_due(self, step: int) -> int | None:
        """Return the step of the next refresh."""
        if step < self.begin:
            return self.begin
        return step + self.every - (step - self.begin) % self.every

    def take(self, step: int, clusters: NDArray[np.int32]) -> None:
        """Take the clusters (images trained on,); nearby numbers are of nearby clusters."""
        slot = step % self.before.steps_of_an_epoch
        same_epoch = self.since is not None and self.since > step - slot
        lacked = self.lacked.copy() if same_epoch else np.ones_like(self.lacked)
        known_from = self.since if same_epoch and self.since is not None else step - slot
        for drawn in self.images(known_from, step):
            lacked &= ~np.isin(self.before.trained, drawn)
        self.since, self.clusters, self.lacked = step, clusters, lacked

    def saved(self) -> dict[str, Any]:
        """Return the state; nothing before the first refresh."""
        if self.since is None:
            return {}
        return {
            "since": self.since,
            "clusters": torch.from_numpy(self.clusters),
            "lacked": torch.from_numpy(self.lacked),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take the state that `saved` returned."""
        if saved:
            self.since = saved["since"]
            self.clusters, self.lacked = saved["clusters"].numpy(), saved["lacked"].numpy()

    def _order(self, epoch: int) -> tuple[NDArray[np.int64], int]:
        """Return the images of an epoch from the last refresh on, and the step of the epoch that they begin with."""
        assert self.since is not None, "the loop takes clusters where they are due"
        at, slot = divmod(self.since, self.before.steps_of_an_epoch)
        lacked, start = (self.lacked, slot) if epoch == at else (np.ones_like(self.lacked), 0)
        chance = np.random.default_rng([self.before.seed, NEIGHBOURS, self.since, epoch])
        return grouped(self.before.trained[lacked], self.clusters[lacked], self.photos, chance), start


def grouped(
    images: NDArray[np.int64], clusters: NDArray[np.int32], photos: int, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Return the images in shuffled groups of `photos`, of one cluster wherever a cluster fills a group.

    Rests of clusters are joined, from a cluster on that chance names, so that the up to `photos` − 1 images that fill
    no group are now of this cluster and now of that.

    Args:
        images: numbers of images.
        clusters: the cluster of each, from 0; nearby numbers are of nearby clusters.
        photos: images of a group.
        chance: shuffles the images of a cluster, and the groups.
    """
    count = int(clusters.max()) + 1
    clusters = (clusters - int(chance.integers(count))) % count
    shuffled = chance.permutation(len(images))
    order = shuffled[np.argsort(clusters[shuffled], kind="stable")]
    ordered = clusters[order]
    within = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    whole = within < np.bincount(clusters)[ordered] // photos * photos
    joined = np.concatenate([order[whole], order[~whole]])
    groups = joined[: len(joined) // photos * photos].reshape(-1, photos)
    places: NDArray[np.int64] = chance.permutation(groups).ravel()
    return images[places]
