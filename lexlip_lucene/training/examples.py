"""The captioned images of a training run: their caption tokens, and which are kept aside for choosing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.encoders.tokens import TokenBatch, tokenise
from lexlip_lucene.errors import InputError


def split_aside(count: int, keep_aside: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split 0..count−1 into (trained on, kept aside), by the seed alone.

    Raises:
        InputError: nothing would be left to train on.
    """
    if keep_aside >= count:
        raise InputError(f"data.keep_aside is {keep_aside}, but there are only {count} readable training images")
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[keep_aside:]), np.sort(order[:keep_aside])


@dataclass(frozen=True)
class CaptionTokens:
    """All captions of all images, tokenised once. Captions of image i are rows `first[i]` to `first[i + 1]`."""

    tokens: TokenBatch
    first: NDArray[np.int64]

    @classmethod
    def of(cls, images: Sequence[CaptionedImage], tokenizer: Tokenizer, max_length: int) -> "CaptionTokens":
        """Tokenise the captions of `images`.

        Raises:
            InputError: an image has no caption.
        """
        for image in images:
            if not image.captions:
                raise InputError(f"{image.where}: training image {image.id} has no caption")
        texts = [caption for image in images for caption in image.captions]
        first = np.cumsum([0, *(len(image.captions) for image in images)])
        return cls(tokenise(tokenizer, texts, max_length=max_length), first)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Captions of each image."""
        return np.diff(self.first)

    def rows(self, numbers: NDArray[np.int64]) -> TokenBatch:
        """Return the tokens of the captions with these row numbers."""
        index = torch.from_numpy(numbers)
        return TokenBatch(*(part[index] for part in self.tokens))

    def all_of(self, images: NDArray[np.int64]) -> tuple[TokenBatch, NDArray[np.int64]]:
        """Return all captions of `images`, and for each its place in `images`."""
        numbers = np.concatenate([np.arange(self.first[image], self.first[image + 1]) for image in images])
        return self.rows(numbers), np.repeat(np.arange(len(images)), self.counts[images])

    def draw(self, images: NDArray[np.int64], each: int, chance: np.random.Generator) -> TokenBatch:
        """Draw `each` captions of every image, different ones where there are enough: (images × each) rows."""
        drawn = [
            self.first[image] + chance.choice(self.counts[image], size=each, replace=self.counts[image] < each)
            for image in images
        ]
        return self.rows(np.concatenate(drawn))


def caption_presence(captions: CaptionTokens, position_of_row: Tensor, tokens: int) -> Tensor:
    """Return (captions, tokens) uint8: which lexicon tokens each caption has.

    Args:
        captions: the tokenised captions.
        position_of_row: (vocabulary,) lexicon position of each row, `tokens` where it has none.
        tokens: size of the lexicon.
    """
    positions = position_of_row[captions.tokens.ids].masked_fill(~captions.tokens.words, tokens)
    presence = torch.zeros(len(positions), tokens + 1, dtype=torch.uint8)
    return presence.scatter_(1, positions, 1)[:, :tokens]
