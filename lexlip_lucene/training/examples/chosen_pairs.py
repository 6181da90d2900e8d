"""The pairs that a training sees: all, those that a filter keeps, or all with weights (`training.pairs`)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.pairs.pair_filter import keep_most_probable, weights_of_pairs
from lexlip_lucene.data.pairs.pair_scores import read_pair_scores
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.training_recipe import PairsRecipe
from lexlip_lucene.training.examples.examples import split_aside


class ChosenPairs(NamedTuple):
    """Images with the captions that they keep.

    Attributes:
        images: those that have a caption left.
        numbers: their numbers among the images that were given.
        weights: (captions,) float32 of their captions; None: all count alike.
        trained: places in `images` of those to train on.
        aside: places of those kept aside.
    """

    images: list[CaptionedImage]
    numbers: NDArray[np.int64]
    weights: Tensor | None
    trained: NDArray[np.int64]
    aside: NDArray[np.int64]


def chosen_pairs(images: Sequence[CaptionedImage], recipe: EncoderRecipe, progress: Progress) -> ChosenPairs:
    """Apply a recipe's `training.pairs`, say what was left out, and keep images aside.

    Which images are kept aside does not depend on the pairs: so trainings with several filters choose on the same.

    Raises:
        InputError: the file can't be read, or lacks a pair, or nothing would be left to train on.
    """
    trained, aside = split_aside(len(images), recipe.data.keep_aside, recipe.training.seed)
    every, pairs = np.arange(len(images)), recipe.training.pairs
    if pairs is None or pairs.filter is None:
        return ChosenPairs(list(images), every, _weights(images, pairs), trained, aside)
    found = keep_most_probable(images, read_pair_scores(pairs.filter), pairs.keep, pairs.filter)
    progress.note(
        f"{pairs.filter}: {(~found.stays).sum()} of {len(found.stays)} pairs are left out as improbable, and "
        f"{found.emptied} of {len(images)} images, which have none left"
    )
    # An image that had no caption before stays, and is refused by its line.
    both = list(zip(images, found.images, strict=True))
    stays = np.array([bool(left.captions) or not image.captions for image, left in both])
    left = [left for (_, left), stay in zip(both, stays, strict=True) if stay]
    place = np.cumsum(stays) - 1
    return ChosenPairs(left, every[stays], None, *(place[part[stays[part]]] for part in (trained, aside)))


def _weights(images: Sequence[CaptionedImage], pairs: PairsRecipe | None) -> Tensor | None:
    if pairs is None or pairs.weights is None:
        return None
    return torch.from_numpy(weights_of_pairs(images, read_pair_scores(pairs.weights), pairs.weights))
