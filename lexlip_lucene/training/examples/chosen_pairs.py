"""The pairs that a training sees: all, those that a filter keeps, or all with weights (`training.pairs`)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.pair_filter import keep_most_probable, weights_of_pairs
from lexlip_lucene.data.pair_scores import read_pair_scores
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.training_recipe import PairsRecipe


class ChosenPairs(NamedTuple):
    """Images with the captions that they keep.

    Attributes:
        images: those that have a caption left.
        numbers: their numbers among the images that were given.
        weights: (captions,) float32 of their captions; None: all count alike.
    """

    images: list[CaptionedImage]
    numbers: NDArray[np.int64]
    weights: Tensor | None


def chosen_pairs(images: Sequence[CaptionedImage], pairs: PairsRecipe | None, progress: Progress) -> ChosenPairs:
    """Apply a recipe's `training.pairs`; say what was left out.

    Raises:
        InputError: the file can't be read, or lacks a pair.
    """
    every = np.arange(len(images))
    if pairs is None:
        return ChosenPairs(list(images), every, None)
    if pairs.weights is not None:
        weights = weights_of_pairs(images, read_pair_scores(pairs.weights), pairs.weights)
        return ChosenPairs(list(images), every, torch.from_numpy(weights))
    assert pairs.filter is not None, "the recipe's own check"
    found = keep_most_probable(images, read_pair_scores(pairs.filter), pairs.keep, pairs.filter)
    progress.note(
        f"{pairs.filter}: {found.dropped} of {found.kept + found.dropped} pairs are left out as improbable, and "
        f"{found.emptied} of {len(images)} images, which have none left"
    )
    # An image that had no caption before stays, and is refused by its line.
    both = list(zip(images, found.images, strict=True))
    stays = np.array([bool(left.captions) or not image.captions for image, left in both])
    return ChosenPairs([left for (_, left), stay in zip(both, stays, strict=True) if stay], every[stays], None)
