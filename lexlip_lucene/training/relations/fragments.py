"""Fragment matching: how well each word of a text is in a picture, and each patch of a picture in a text.

    c_lp = leaky(cos(word l, patch p))                            leaky: numbers below 0 count a tenth
    text→image   t_l = max_p c_lp / ‖c_·p‖, over the words of the text         the mean over l is FILIP's s_T
    image→text   i_p = max_l c_lp / ‖c_l·‖, over the patches of the picture    the mean over p is FILIP's s_I

The division by a length is that of SCAN (ECCV 2018), which HREM (CVPR 2023) takes over. Pads are in no length, no
maximum and no mean, and a text of few words needs no pads to have its ten largest.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

SLOPE = 0.1
"""Of the leaky rectifier on cosines (SCAN)."""

TEXTS_AT_ONCE = 64
"""Texts compared with all pictures at a time, which bounds the memory."""


class Matching(NamedTuple):
    """The matching of a batch's texts and images.

    `in_images` (texts, images) and `in_texts` (images, texts) are means; `largest_in_images` (texts, images, largest)
    and `largest_in_texts` (images, texts, largest) the largest matches, falling; those that a text of few words, or
    a picture of few patches, has no fragment for are 0.
    """

    in_images: Tensor
    in_texts: Tensor
    largest_in_images: Tensor
    largest_in_texts: Tensor


@torch.no_grad()
def fragment_matching(patches: Tensor, words: Tensor, known: Tensor, largest: int) -> Matching:
    """Match every text with every image. No gradient flows into the fragments, as in HREM.

    Texts with as many words are matched together, so that no time goes to pads: most captions are far shorter than
    the longest of a batch.

    Args:
        patches: (images, patches, width) of any length.
        words: (texts, length, width) of any length.
        known: (texts, length) bool, False at pads and at what is no word. A text without any word matches with 0.
        largest: matches of a pair that are kept.
    """
    patches = functional.normalize(patches, dim=-1)
    words = functional.normalize(words, dim=-1)
    texts, images = len(words), len(patches)
    found = Matching(
        patches.new_zeros(texts, images),
        patches.new_zeros(texts, images),
        patches.new_zeros(texts, images, largest),
        patches.new_zeros(texts, images, largest),
    )
    counts = known.sum(dim=1).tolist()
    for count in sorted(set(counts) - {0}):
        alike = [text for text, own in enumerate(counts) if own == count]
        for some in torch.tensor(alike, device=words.device).split(TEXTS_AT_ONCE):
            own = words[some][known[some]].view(len(some), count, -1)
            for whole, part in zip(found, _matching(patches, own, largest), strict=True):
                whole[some] = part
    return Matching(found.in_images, found.in_texts.T, found.largest_in_images, found.largest_in_texts.transpose(0, 1))


def _matching(patches: Tensor, words: Tensor, largest: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return means and largest matches of texts that have no pads, all with the texts first."""
    cosines = functional.leaky_relu_(torch.einsum("tlw,ipw->tilp", words, patches), SLOPE)
    of_words = (cosines * _inverse_length(cosines, dim=2)).amax(dim=3)
    of_patches = (cosines * _inverse_length(cosines, dim=3)).amax(dim=2)
    return of_words.mean(dim=2), of_patches.mean(dim=2), _largest(of_words, largest), _largest(of_patches, largest)


def _inverse_length(cosines: Tensor, dim: int) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(cosines, dim=dim, keepdim=True)
    return length.clamp_(min=torch.finfo(cosines.dtype).tiny).reciprocal_()


def _largest(matches: Tensor, largest: int) -> Tensor:
    """Return the `largest` largest of the last dimension, falling; 0 where there are fewer."""
    kept = min(largest, matches.shape[-1])
    return functional.pad(matches.topk(kept, dim=-1).values, (0, largest - kept))
