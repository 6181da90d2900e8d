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

    Args:
        patches: (images, patches, width) of any length.
        words: (texts, length, width) of any length.
        known: (texts, length) bool, False at pads and at what is no word. A text without any word matches with 0.
        largest: matches of a pair that are kept.
    """
    patches = functional.normalize(patches, dim=-1)
    words = functional.normalize(words, dim=-1)
    parts = [
        _matching(patches, some, counted, largest)
        for some, counted in zip(words.split(TEXTS_AT_ONCE), known.split(TEXTS_AT_ONCE), strict=True)
    ]
    joined = (torch.cat(each) for each in zip(*parts, strict=True))
    in_images, in_texts, largest_in_images, largest_in_texts = joined
    return Matching(in_images, in_texts.T, largest_in_images, largest_in_texts.transpose(0, 1))


def _matching(patches: Tensor, words: Tensor, known: Tensor, largest: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return means and largest matches, all with the texts first."""
    counted = known[:, None, :, None]
    cosines = torch.einsum("tlw,ipw->tilp", words, patches)
    cosines = functional.leaky_relu(cosines, SLOPE) * counted
    of_words = functional.normalize(cosines, dim=2).amax(dim=3)
    of_patches = functional.normalize(cosines, dim=3).masked_fill(~counted, float("-inf")).amax(dim=2)
    of_patches = of_patches.masked_fill(of_patches.isneginf(), 0)
    words_of = known.sum(dim=1).clamp(min=1)
    has_fragment = known[:, None, :].expand_as(of_words)
    return (
        of_words.sum(dim=2) / words_of[:, None],
        of_patches.mean(dim=2),
        _largest(of_words, has_fragment, largest),
        _largest(of_patches, torch.ones_like(of_patches, dtype=torch.bool), largest),
    )


def _largest(matches: Tensor, counted: Tensor, largest: int) -> Tensor:
    """Return the `largest` largest of the last dimension, falling; 0 where there are fewer."""
    kept = min(largest, matches.shape[-1])
    found = matches.masked_fill(~counted, float("-inf")).topk(kept, dim=-1).values
    return functional.pad(found.masked_fill(found.isneginf(), 0), (0, largest - kept))
