"""Health of lexicon vectors: figures for the log, and early warnings when they are no longer worth indexing.

A token is active in a vector when its weight is above 0. Of three images with 2, 3 and 4 active tokens the figure
`active_tokens` is 3.0. These figures measure; `flops_loss` is the regulariser that training lowers.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.vectors.quantise import Side

ALWAYS_ON = 0.9
"""A token active in this share of the vectors parts nothing, and every query with it reads the longest list."""

LONGEST = 0.01
"""Share of the posting lists that the skew looks at: the hundredth that costs a search the most."""

FEWEST_ACTIVE = 1.0
"""With less than one active token a vector, most vectors are empty and match nothing."""

ALIKE = 0.98
"""Mean cosine of two vectors above which they are one vector with noise: no ranking comes of them."""

DENSE = 0.5
"""Share of the lexicon above which a posting list is longer than the list of what it leaves out."""


def vector_figures(weights: Tensor) -> dict[str, float]:
    """Return figures of an index of these vectors.

    Args:
        weights: (n, tokens) float ≥ 0.

    Returns:
        `active_tokens`: mean number of active tokens of a vector. `dead`: share of the lexicon that is active in no
        vector. `always_on`: share that is active in at least 90 % of them. `skew`: share of all postings that are
        in the longest 1 % of the posting lists (at least one list); 0.01 when all lists are equally long, 0 if
        the vectors are empty.
    """
    lengths = (weights > 0).sum(dim=0)
    postings = int(lengths.sum())
    longest = lengths.topk(math.ceil(LONGEST * len(lengths))).values
    return {
        "active_tokens": postings / len(weights),
        "dead": int((lengths == 0).sum()) / len(lengths),
        "always_on": int((lengths >= ALWAYS_ON * len(weights)).sum()) / len(lengths),
        "skew": int(longest.sum()) / postings if postings else 0.0,
    }


def expected_flops(images: Tensor, texts: Tensor) -> float:
    """Return the mean number of postings that an image and a text share: the multiplications that a score costs.

        Σ_v (share of images with token v active) × (share of texts with it active)

    (the FLOPS of Paria et al., ICLR 2020, as a measure). Two tokens, one active in all images and half of the texts,
    the other in half and half, give 1 × 0.5 + 0.5 × 0.5 = 0.75.

    Args:
        images: (n, tokens) float ≥ 0.
        texts: (m, tokens) float ≥ 0.
    """
    return float(_share_active(images) @ _share_active(texts))


@dataclass
class Health:
    """A watch on a run's vectors, which warns once of each kind of trouble.

    Attributes:
        tokens: of the lexicon.
        top_k: tokens that `encode` will keep of a vector; always-on tokens are counted among these. None: all.
        ramp_ends: the step from which the sparsity regulariser has its full weight; before it, dense vectors and
            always-on tokens are not reported: an untrained head has both.
        said: kinds already warned of, `<kind>/<side>`; save and set it to resume a run.
    """

    tokens: int
    top_k: int | None
    ramp_ends: int = 0
    said: set[str] = field(default_factory=set)

    def look(self, step: int, images: Tensor, texts: Tensor) -> list[str]:
        """Return a line for each kind of trouble that was not reported before.

        Call it from the first evaluation on, not at a fresh start, whose vectors say nothing yet.

        Args:
            step: optimiser steps done.
            images: (n, tokens) float ≥ 0, before any cut; hundreds of them make a good sample.
            texts: (m, tokens) of the same kind.
        """
        sides: dict[Side, Tensor] = {"image": images, "text": texts}
        found = {
            f"{kind}/{side}": line
            for side, weights in sides.items()
            for kind, line in self._troubles(step, side, weights).items()
        }
        new = {name: line for name, line in found.items() if name not in self.said}
        self.said |= set(new)
        return [f"step {step}: {line}" for line in new.values()]

    def _troubles(self, step: int, side: Side, weights: Tensor) -> dict[str, str]:
        active = vector_figures(weights)["active_tokens"]
        if active < FEWEST_ACTIVE:
            line = f"{side} vectors are empty, {active:.2f} tokens each: lower training.{side}_flops"
            return {"empty": f"{line}, or training.learning_rate"}
        troubles = {}
        alike = _mean_cosine(weights)
        if alike > ALIKE:
            troubles["alike"] = (
                f"{side} vectors are nearly all the same, mean cosine {alike:.3f}: lower training.learning_rate, or "
                f"raise training.similarity_scale"
            )
        if step < self.ramp_ends:
            return troubles
        if active > DENSE * self.tokens:
            troubles["dense"] = (
                f"{side} vectors are dense, {active:.0f} of {self.tokens} tokens active: raise training.{side}_flops, "
                "or set training.train_top_k"
            )
        always = round(vector_figures(_cut(weights, self.top_k))["always_on"] * self.tokens)
        if always:
            troubles["always-on"] = (
                f"always-on tokens, in at least {100 * ALWAYS_ON:.0f} % of the {side} vectors: {always}; set "
                f"training.flops_frequency=true, or raise training.{side}_flops"
            )
        return troubles


def _share_active(weights: Tensor) -> Tensor:
    return (weights > 0).double().mean(dim=0)


def _mean_cosine(weights: Tensor) -> float:
    """Return the mean cosine over all pairs of different vectors, from their sum: Σ_{i≠j} u_i·u_j = ‖Σ u‖² − Σ ‖u‖²."""
    if len(weights) < 2:
        return 0.0
    unit = functional.normalize(weights.double(), dim=1)
    pairs = len(unit) * (len(unit) - 1)
    return float((unit.sum(dim=0).square().sum() - unit.square().sum()) / pairs)


def _cut(weights: Tensor, top_k: int | None) -> Tensor:
    if top_k is None or top_k >= weights.shape[1]:
        return weights
    kept = weights.topk(top_k, dim=1)
    return torch.zeros_like(weights).scatter_(1, kept.indices, kept.values)
