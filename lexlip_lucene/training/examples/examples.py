"""The captioned images of a training run: their caption tokens, and those that are kept aside for choosing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokens import TokenBatch, tokenise
from lexlip_lucene.errors import InputError

SMALLEST_IDF = 0.05
"""A token in every caption still gets a weight above 0 to learn from."""


def split_aside(count: int, keep_aside: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split 0..count−1 into (trained on, kept aside); only the seed decides.

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
        """Return the tokens of the captions with these row numbers, padded to the longest of them."""
        index = torch.from_numpy(numbers)
        length = int(self.tokens.attention[index].sum(dim=1).max()) if len(numbers) else 0
        return TokenBatch(*(part[index, :length] for part in self.tokens))

    def all_of(self, images: NDArray[np.int64]) -> tuple[TokenBatch, NDArray[np.int64]]:
        """Return all captions of `images`, and for each its place in `images`."""
        numbers, owners = self.numbers_of(images)
        return self.rows(numbers), owners

    def numbers_of(self, images: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the row numbers of all captions of `images`, and for each its place in `images`."""
        numbers = np.concatenate([np.arange(self.first[image], self.first[image + 1]) for image in images])
        return numbers, np.repeat(np.arange(len(images)), self.counts[images])

    def draw(self, images: NDArray[np.int64], each: int, chance: np.random.Generator) -> NDArray[np.int64]:
        """Draw `each` captions of every image, different ones if it has enough: (images × each) row numbers."""
        drawn = [
            self.first[image] + chance.choice(self.counts[image], size=each, replace=self.counts[image] < each)
            for image in images
        ]
        return np.concatenate(drawn)


def caption_presence(model: LexLip, captions: CaptionTokens, images: NDArray[np.int64]) -> Tensor:
    """Return (captions of `images`, tokens) uint8: 1 where a caption has a lexicon token."""
    tokens, _ = captions.all_of(images)
    positions = torch.full((model.config.vocabulary_size,), len(model.lexicon), dtype=torch.long)
    positions[torch.tensor(model.lexicon.rows)] = torch.arange(len(model.lexicon))
    found = positions[tokens.ids].masked_fill(~tokens.words, len(model.lexicon))
    presence = torch.zeros(len(found), len(model.lexicon) + 1, dtype=torch.uint8)
    return presence.scatter_(1, found, 1)[:, : len(model.lexicon)]


def caption_counts(model: LexLip, captions: CaptionTokens, images: NDArray[np.int64]) -> Tensor:
    """Return (images, tokens) float: the number of an image's captions that have each token."""
    owners = torch.from_numpy(np.repeat(np.arange(len(images)), captions.counts[images]))
    counts = torch.zeros(len(images), len(model.lexicon))
    return counts.index_add_(0, owners, caption_presence(model, captions, images).float())


def inverse_document_frequency(having: Tensor, captions: int) -> Tensor:
    """Return log(captions / captions with each token), at least 0.05: (tokens,) float32.

    Args:
        having: (tokens,) captions with each token.
        captions: the number of all captions.
    """
    return torch.log(captions / having.double().clamp(min=1)).float().clamp(min=SMALLEST_IDF)
