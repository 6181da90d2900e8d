"""Hard negatives: of the training images, those that the first stage finds for a caption without being its own."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.heaviest import heaviest
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import ImageSource, weights_of

DEPTH = 50
"""Hits of a caption that are drawn from."""

TEXTS_AT_ONCE = 1024


class HardNegatives(NamedTuple):
    """The first hits (captions, at most `DEPTH`) of each caption, numbers of images; of other captions they are −1."""

    hits: NDArray[np.int64]

    def draw(
        self, numbers: NDArray[np.int64], images: NDArray[np.int64], chance: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw a hit of each caption of `numbers`, and return those that are not among `images`, each once."""
        places = chance.integers(0, self.hits.shape[1], size=len(numbers))
        return np.setdiff1d(self.hits[numbers, places], images)


@torch.inference_mode()
def hard_negatives(
    model: LexLip, source: ImageSource, captions: CaptionTokens, images: NDArray[np.int64]
) -> HardNegatives:
    """Search `images` with all their captions, by the vectors that the index would have, before quantisation.

    Args:
        model: its first stage searches.
        source: gives the images.
        captions: all captions.
        images: numbers of at least two images.
    """
    documents = _sparse(weights_of(model, source, images), model.config.top_k_of("image")).T.tocsr()
    numbers, owner = captions.numbers_of(images)
    found = np.full((captions.first[-1], min(DEPTH, len(images) - 1)), -1)
    for at in range(0, len(numbers), TEXTS_AT_ONCE):
        part = slice(at, at + TEXTS_AT_ONCE)
        weights = divide_by_length(model.raw_text_weights(captions.rows(numbers[part])), model.config.text.length_power)
        scores = (_sparse(weights.cpu(), model.config.top_k_of("text")) @ documents).toarray()
        scores[np.arange(len(scores)), owner[part]] = -np.inf
        found[numbers[part]] = images[np.argsort(-scores, axis=1, kind="stable")[:, : found.shape[1]]]
    return HardNegatives(found)


def _sparse(weights: Tensor, most: int | None) -> csr_array:
    """Return the `most` heaviest of each row (rows, tokens)."""
    rows = [heaviest(part, most) for part in weights.split(TEXTS_AT_ONCE)]
    return vstack([_rows(found.weights.numpy(), found.positions.numpy(), weights.shape[1]) for found in rows])


def _rows(weights: NDArray[np.float32], positions: NDArray[np.int64], tokens: int) -> csr_array:
    ends = np.arange(len(weights) + 1) * weights.shape[1]
    return csr_array((weights.ravel(), positions.ravel(), ends), shape=(len(weights), tokens))
