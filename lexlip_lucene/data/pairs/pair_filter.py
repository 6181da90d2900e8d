"""A filter of pairs: captions that are improbable for their image are left out, or all get a weight.

It is decided before a training reads a caption, by the file that `lexlip match` writes.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.pairs.pair_scores import PairScore, PairScores
from lexlip_lucene.errors import InputError


class Filtered(NamedTuple):
    """Images with the captions that they keep.

    Attributes:
        images: those of the input, in its order; an image whose captions all went has none.
        stays: (captions,) bool, which captions of the input stay, one image after the other.
        emptied: images whose captions all went.
    """

    images: list[CaptionedImage]
    stays: NDArray[np.bool_]
    emptied: int


def keep_most_probable(images: Sequence[CaptionedImage], scores: PairScores, share: float, path: Path) -> Filtered:
    """Leave out the least probable captions of `images`.

    Args:
        images: with their captions.
        scores: of their pairs, read from `path`.
        share: of the captions that stays, above 0 and at most 1, rounded to whole captions. Of equally probable ones
            the higher score stays, then the one that comes first.
        path: for messages.

    Raises:
        InputError: a pair has no score in the file, or no caption would stay.
    """
    found = _scores_of(images, scores, path)
    keep = round(share * len(found))
    if not keep:
        raise InputError(f"{path}: at least one pair has to stay, but {share:g} of {len(found)} pairs is none")
    order = sorted(range(len(found)), key=lambda number: (-found[number].p, -found[number].score, number))
    stays = np.zeros(len(found), dtype=bool)
    stays[order[:keep]] = True
    first = 0
    left = []
    for image in images:
        own = stays[first : first + len(image.captions)]
        left.append(replace(image, captions=tuple(c for c, stay in zip(image.captions, own, strict=True) if stay)))
        first += len(image.captions)
    emptied = sum(bool(image.captions) and not one.captions for image, one in zip(images, left, strict=True))
    return Filtered(left, stays, emptied)


def weights_of_pairs(images: Sequence[CaptionedImage], scores: PairScores, path: Path) -> NDArray[np.float32]:
    """Return the probabilities (captions,) float32 in 0..1 of all captions of `images`, one image after the other.

    Raises:
        InputError: a pair has no score in the file, or all probabilities are 0.
    """
    weights = np.array([found.p for found in _scores_of(images, scores, path)], dtype=np.float32)
    if not weights.any():
        raise InputError(f"{path}: a pair with a probability above 0 is needed, but all are 0")
    return weights


def _scores_of(images: Sequence[CaptionedImage], scores: PairScores, path: Path) -> list[PairScore]:
    found = []
    for image in images:
        for caption in range(len(image.captions)):
            score = scores.get((image.id, caption))
            if score is None:
                raise InputError(
                    f"{path}: a line for every pair is needed, but there is none for caption {caption} of image "
                    f"{image.id!r} ({image.where}): run lexlip match again"
                )
            found.append(score)
    return found
