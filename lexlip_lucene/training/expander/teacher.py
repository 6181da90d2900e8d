"""The expander as a teacher: a caption against the expanded captions of an image, all of them together.

A caption of a near-duplicate photo is not a full negative to it, as it is to the contrast. It sees no photo, so it
can't teach what a photo shows beside its captions.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.pool.saturation import saturate
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.expander.expander import DOCUMENTS_AT_ONCE, Expander


@dataclass(frozen=True)
class ExpanderTeacher:
    """Documents of all images (n, tokens) float16, and the captions that ask for them."""

    expander: Expander
    bags: CaptionBags
    documents: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, expander: Expander, bags: CaptionBags) -> "ExpanderTeacher":
        """Expand all captions of each image of `bags`, once: 6,000 images in 3,700 tokens are 44 MB."""
        parts = []
        for begin in range(0, len(bags.sizes), DOCUMENTS_AT_ONCE):
            images = np.arange(begin, min(begin + DOCUMENTS_AT_ONCE, len(bags.sizes)))
            counts = bags.counts(*bags.of_sets(images), len(images))
            parts.append(expander.documents(saturate(expander.expanded(counts))).half())
        return cls(expander, bags, torch.cat(parts).to(expander.idf.device))

    @torch.no_grad()
    def similarity(self, images: NDArray[Any], captions: NDArray[Any]) -> Tensor:
        """Return (captions, images) float32: unit queries times documents, which are divided by length^0.7.

        Args:
            images: numbers of images, in the order of `bags`.
            captions: numbers among all captions of all images, in the same order.
        """
        presence = self.bags.counts(captions, np.arange(len(captions)), len(captions)).to(self.documents.device)
        return self.expander.queries(presence) @ self.documents[torch.from_numpy(images).to(presence.device)].float().T
