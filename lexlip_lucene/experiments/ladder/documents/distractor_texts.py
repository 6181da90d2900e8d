"""The text of each document for BM25: a photo's first captions, and for a mix one real caption of another image.

A mix shows nothing that a caption could describe. Only the language of its text is real.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lexlip_lucene.data.caption_sets import read_caption_sets, without
from lexlip_lucene.data.captioned_image import CaptionedImage


class DistractorTexts(NamedTuple):
    """The captions in the order in which they are given out, over and over; without captions, mixes have no text."""

    captions: list[str]

    def stream(self) -> Iterator[str]:
        """Yield a caption for each mix."""
        return cycle(self.captions or [""])


def read_distractor_texts(paths: Iterable[Path], known: Iterable[str], seed: int) -> DistractorTexts:
    """Read all captions of the caption sets except those of `known` images, once each, in an order drawn by the seed.

    Raises:
        InputError: as `read_caption_sets`.
    """
    known = list(known)
    every = [caption for path in paths for kept in without(read_caption_sets(path), known) for caption in kept.captions]
    distinct = [caption for caption in dict.fromkeys(every) if caption.strip()]
    order = np.random.default_rng(seed).permutation(len(distinct))
    return DistractorTexts([distinct[place] for place in order])


def photo_texts(images: Sequence[CaptionedImage], held_out: int) -> list[str]:
    """Return the first `held_out` captions of each image, as the caption collection has them."""
    return [" ".join(image.captions[:held_out]) for image in images]
