"""Training the expander: a document of some captions of an image has to be found by its other captions.

Every step draws how many captions a document has (1 to 4, of each set at most all but one) and which; up to two of
the rest are queries. The loss is the symmetric in-batch contrast of queries and documents plus a FLOPS regulariser
on the documents before their division by length.
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.pool.saturation import saturate
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.expander_recipe import ExpanderRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.formulas import contrastive_loss, flops_loss
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.scale import SimilarityScale

MOST_CAPTIONS = 4
"""Captions of a document: with five a set, one is left to ask for it."""

QUERIES = 2
SIMILARITY_SCALE = 15.0
FLOPS_WEIGHT = 1e-3
WARM_UP = 100
"""Steps, or a third of the run where that is fewer."""


class Drawn(NamedTuple):
    """Counts of a document's words (sets, tokens), and presence of the words of its queries (sets × 2, tokens)."""

    documents: Tensor
    queries: Tensor


def fit_expander(
    bags: CaptionBags,
    sets: NDArray[np.int64],
    idf: Tensor,
    recipe: ExpanderRecipe,
    *,
    seed: int,
    precision: Literal["float32", "bfloat16"] = "float32",
    device: str = "cpu",
    progress: Progress = SILENT,
) -> Expander:
    """Train an expander; the same seed gives the same one on the CPU, and torch's own generator stays as it was.

    Args:
        bags: the captions.
        sets: numbers of the sets that an epoch goes through; one may be there several times.
        idf: (tokens,) float > 0, where the weights of query words start.
        recipe: how it is trained.
        seed: of weights, order, draws and dropout.
        precision: of the network's computation.
        device: a torch device, where the expander stays.
        progress: receives every step, and the number of sets left out because they have a single caption.

    Raises:
        InputError: fewer than two sets have two captions.
    """
    usable = _usable(bags, sets, progress)
    chance = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[device] if torch.device(device).type == "cuda" else []):
        torch.manual_seed(seed)
        expander = Expander(idf, recipe.width, recipe.dropout).to(device)
        scale = SimilarityScale(SIMILARITY_SCALE).to(device)
        parameters = [*expander.parameters(), *scale.parameters()]
        optimiser = torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98)
        )
        steps = recipe.epochs * max(1, len(usable) // recipe.batch_size)
        plan = progress.track(_batches(usable, recipe, chance), "expander (steps)", steps)
        for step, batch in enumerate(plan):
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * _rate(step, steps)
            drawn = draw(bags, batch, chance)
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = _loss(expander, scale, Drawn(*(part.to(device) for part in drawn)))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
    return expander.eval().requires_grad_(False)


def draw(bags: CaptionBags, sets: NDArray[np.int64], chance: np.random.Generator) -> Drawn:
    """Draw the documents and queries of a step; all `sets` have two captions or more.

    Where a set has one caption left, it is both of its queries, which is the loss of one query.
    """
    captions, owners = bags.of_sets(sets)
    captions = captions[np.lexsort((chance.random(len(captions)), owners))]  # shuffled within each set
    sizes = bags.sizes[sets]
    begins = np.cumsum(sizes) - sizes
    taken = np.minimum(chance.integers(1, MOST_CAPTIONS, endpoint=True), sizes - 1)
    documents = np.arange(len(captions)) - begins[owners] < taken[owners]
    slots = np.minimum(np.arange(QUERIES), (sizes - taken - 1)[:, None])
    queries = captions[((begins + taken)[:, None] + slots).ravel()]
    return Drawn(
        bags.counts(captions[documents], owners[documents], len(sets)),
        bags.counts(queries, np.arange(len(queries)), len(queries)),
    )


def _usable(bags: CaptionBags, sets: NDArray[np.int64], progress: Progress) -> NDArray[np.int64]:
    usable = sets[bags.sizes[sets] > 1]
    single = len(np.unique(sets)) - len(np.unique(usable))
    if single:
        progress.note(f"expander: left out {single} caption sets with a single caption, which nothing could ask for")
    if len(np.unique(usable)) < 2:
        raise InputError(
            f"expander needs two caption sets with two captions each or more, but of {len(np.unique(sets))} there are "
            f"{len(np.unique(usable))}: name further caption sets in expander.texts, or leave expander out"
        )
    return usable


def _batches(
    sets: NDArray[np.int64], recipe: ExpanderRecipe, chance: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield the sets of each step: whole batches, or all sets where they are fewer than one."""
    size = min(recipe.batch_size, len(sets))
    for _ in range(recipe.epochs):
        order = chance.permutation(sets)
        for begin in range(0, len(sets) // size * size, size):
            yield np.unique(order[begin : begin + size])  # a set that is drawn twice is not a negative of itself


def _rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / max(1, min(WARM_UP, steps // 3)))
    return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def _loss(expander: Expander, scale: SimilarityScale, drawn: Drawn) -> Tensor:
    weights = saturate(expander(drawn.documents))
    similarity = (expander.queries(drawn.queries) @ expander.documents(weights).T).float()
    paired = similarity.view(len(drawn.documents), QUERIES, -1)
    return contrastive_loss(scale(paired, ALONE)) + FLOPS_WEIGHT * flops_loss(weights)
