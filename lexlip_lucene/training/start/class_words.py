"""The words of each class: those of the lexicon that a sentence model finds nearest to the class's names.

    weight of word v for class k = e^((cos(k, v) − max_v cos(k, v)) / sharpness) · idf_v,   for the nearest words

A class's vector is the mean of its names' vectors: ImageNet has "tench, Tinca tinca". The sentence model serves when a
model is made, never when it is used.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.training.start.sentence_model import sentence_vectors
from lexlip_lucene.vectors.lexicon import Lexicon


def class_names() -> list[list[str]]:
    """Return the names of ImageNet's 1,000 classes, each with its synonyms, in the order of classifiers."""
    from timm.data.imagenet_info import ImageNetInfo

    info = cast(Any, ImageNetInfo("imagenet-1k"))
    named: list[str] = [info.index_to_description(number, detailed=False) for number in range(info.num_classes())]
    return [[name.strip() for name in names.split(",")] for names in named]


def class_words(
    names: Sequence[Sequence[str]], lexicon: Lexicon, idf: Tensor, *, sentences: str, nearest: int, sharpness: float
) -> Tensor:
    """Return the weights of words for each class (classes, tokens) float32 ≥ 0.

    Args:
        names: of each class, one or more.
        lexicon: its word pieces are never chosen: nobody reads them as words.
        idf: (tokens,) inverse document frequency.
        sentences: as `sentence_vectors` takes it.
        nearest: words of a class.
        sharpness: as in the formula.
    """
    flat = [name for some in names for name in some]
    owners = torch.tensor([number for number, some in enumerate(names) for _ in some])
    vectors = sentence_vectors([*flat, *lexicon.tokens], sentences)
    named, words = vectors[: len(flat)], vectors[len(flat) :]
    means = torch.zeros(len(names), vectors.shape[1]).index_add_(0, owners, named)
    cosines = functional.normalize(means, dim=1) @ words.T
    cosines[:, [token.startswith("##") or not token.isalpha() for token in lexicon.tokens]] = -1
    found = cosines.topk(min(nearest, len(lexicon)), dim=1)
    weights = ((found.values - found.values[:, :1]) / sharpness).exp()
    return torch.zeros(len(names), len(lexicon)).scatter_(1, found.indices, weights) * idf
