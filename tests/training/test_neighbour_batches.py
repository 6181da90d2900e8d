"""Batches of neighbours: every image once an epoch, groups of one cluster, the same from wherever a run resumes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.neighbours_recipe import NeighboursRecipe
from lexlip_lucene.training.examples.neighbour_batches import NeighbourBatches, grouped
from lexlip_lucene.training.examples.sampler import EpochShuffles

Images = NDArray[np.int64]


def sampler(
    count: int = 22, *, batch: int = 4, photos: int = 2, begin: float = 0.0, every: int | None = None, seed: int = 0
) -> NeighbourBatches:
    """A sampler of a run of 40 steps over the images 0, 3, 6, …; an epoch of the default has 5 steps."""
    recipe = NeighboursRecipe.model_validate({"photos": photos, "from": begin, "every": every})
    return NeighbourBatches(EpochShuffles(seed, np.arange(0, 3 * count, 3), batch), recipe, 40)


def clusters_at(step: int, count: int) -> NDArray[np.int32]:
    """Clusters as a model might give them: others at every step."""
    return np.random.default_rng([99, step]).integers(0, 5, size=count).astype(np.int32)


def drawn(made: NeighbourBatches, first: int, last: int) -> Iterator[list[int]]:
    """The images of the steps, planned from refresh to refresh as the loop does."""
    while first < last:
        if made.is_due(first):
            made.take(first, clusters_at(first, len(made.before.trained)))
        until = min(last, made.next_due(first) or last)
        yield from (images.tolist() for images in made.images(first, until))
        first = until


RUNS = {
    "count": st.integers(8, 30),
    "batch": st.sampled_from([4, 8]),
    "photos": st.sampled_from([2, 4]),
    "begin": st.sampled_from([0.0, 0.1, 0.33, 0.9]),
    "every": st.one_of(st.none(), st.integers(1, 9)),
    "seed": st.integers(0, 2**63 - 1),
}


@given(st.fixed_dictionaries(RUNS))
def test_an_epoch_sees_every_image_once_wherever_its_clusters_change(run: dict[str, Any]) -> None:
    made = sampler(**run)
    steps = made.before.steps_of_an_epoch
    batches = list(drawn(made, 0, 40))
    assert [len(one) for one in batches] == [run["batch"]] * 40
    for epoch in range(40 // steps):
        seen = [image for one in batches[epoch * steps : (epoch + 1) * steps] for image in one]
        assert len(set(seen)) == len(seen) == steps * run["batch"]
        assert set(seen) <= set(made.before.trained.tolist())


@given(st.fixed_dictionaries(RUNS), st.integers(0, 39))
def test_a_run_that_resumes_at_any_step_draws_as_an_unbroken_one(run: dict[str, Any], step: int) -> None:
    whole = list(drawn(sampler(**run), 0, 40))
    stopped, resumed = sampler(**run), sampler(**run)
    assert list(drawn(stopped, 0, step)) == whole[:step]
    resumed.load(stopped.saved())
    assert list(drawn(resumed, step, 40)) == whole[step:]


def test_before_neighbours_begin_batches_are_the_shuffles() -> None:
    made = sampler(begin=0.5)
    assert made.begin == 20 and not any(made.is_due(step) for step in range(20))
    shuffles = [images.tolist() for images in made.before.images(0, 40)]
    batches = list(drawn(made, 0, 40))
    assert batches[:20] == shuffles[:20]
    assert batches[20:] != shuffles[20:]


def test_without_every_clusters_are_taken_once_an_epoch() -> None:
    made = sampler(begin=0.1)
    assert [step for step in range(20) if made.is_due(step)] == [4, 9, 14, 19]
    assert [made.next_due(step) for step in (0, 3, 4, 8, 9)] == [4, 4, 9, 9, 14]


def test_epochs_of_the_same_clusters_have_orders_of_their_own() -> None:
    made = sampler(every=40)
    batches = list(drawn(made, 0, 40))
    assert len({str(batches[epoch * 5 : epoch * 5 + 5]) for epoch in range(8)}) == 8
    assert batches != list(drawn(sampler(every=40, seed=1), 0, 40))


def test_fewer_images_than_a_group_are_refused() -> None:
    with pytest.raises(InputError, match=r"at least 4 images a part .* only 3 are trained on: set fewer photos"):
        sampler(3, batch=0, photos=4)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_a_cluster_fills_all_the_groups_that_it_can(of: list[int], photos: int, seed: int) -> None:
    images, clusters = np.arange(len(of)) + 100, np.array(of, dtype=np.int32)
    order = grouped(images, clusters, photos, np.random.default_rng(seed))
    assert len(order) == len(of) // photos * photos and len(set(order.tolist())) == len(order)
    groups = clusters[order - 100].reshape(-1, photos)
    of_one = [group[0] for group in groups.tolist() if len(set(group)) == 1]
    for cluster in range(7):
        assert of_one.count(cluster) >= of.count(cluster) // photos


def test_rests_are_joined_with_those_of_the_next_cluster() -> None:
    """Six clusters of three images in groups of two leave one each: that of 2 is joined with that of 3, of 5 with 0."""
    clusters = np.repeat(np.arange(6, dtype=np.int32), 3)
    apart = set()
    for seed in range(50):
        order = grouped(np.arange(18), clusters, 2, np.random.default_rng(seed))
        pairs = clusters[order].reshape(-1, 2)
        apart |= {(int(other) - int(one)) % 6 for one, other in pairs}
    assert apart == {0, 1}


def test_every_image_is_left_over_now_and_then() -> None:
    clusters = np.repeat(np.arange(3, dtype=np.int32), 3)
    left = [
        set(range(9)) - set(grouped(np.arange(9), clusters, 2, np.random.default_rng(n)).tolist()) for n in range(99)
    ]
    assert set.union(*left) == set(range(9))
