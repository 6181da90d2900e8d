"""The triplet loss with distance-weighted negatives (Wu et al., ICCV 2017), which HREM is published with.

    loss       = mean over anchors a of [margin + s(a, n) − s(a, p)]₊,   n drawn with probability ∝ 1 / q(d_an)
    log q(d)   = (w − 2) log d + (w − 3)/2 log(1 − d²/4)

q is the density of the distance of two random unit vectors of width w, so that drawn negatives are spread over all
distances. Distances below `cut_off` count as `cut_off`; negatives at `furthest` or beyond are never drawn. An anchor
without any negative in reach has no loss, and the others keep theirs.
"""

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.recipes.relations_recipe import TripletRecipe


def triplet_loss(similarity: Tensor, negative: Tensor, width: int, recipe: TripletRecipe) -> Tensor:
    """Return the loss of both directions of n pairs, added up; HREM's own is the sum over the anchors.

    Args:
        similarity: (n, n) cosines; the positives are on the diagonal.
        negative: (n, n) bool, True where a pair is a negative; False on the diagonal.
        width: of the vectors, w.
        recipe: margin and bounds.
    """
    return _one_way(similarity, negative, width, recipe) + _one_way(similarity.T, negative.T, width, recipe)


def _one_way(similarity: Tensor, negative: Tensor, width: int, recipe: TripletRecipe) -> Tensor:
    chances = negative_chances(similarity.detach(), negative, width, recipe)
    anchors = chances.sum(dim=1).nonzero().squeeze(1)
    drawn = torch.multinomial(chances[anchors], 1).squeeze(1) if len(anchors) else anchors
    costs = functional.relu(recipe.margin + similarity[anchors, drawn] - similarity.diagonal()[anchors])
    return costs.sum() / len(similarity)


def negative_chances(similarity: Tensor, negative: Tensor, width: int, recipe: TripletRecipe) -> Tensor:
    """Return the probability (n, n) of drawing each column as a row's negative; a row without any is 0.

    Arguments are those of `triplet_loss`.
    """
    distance = (2 - 2 * similarity.double()).clamp(min=0).sqrt()
    in_reach = negative & (distance < recipe.furthest)
    bounded = distance.clamp(min=recipe.cut_off, max=recipe.furthest)
    rest = (1 - bounded.square() / 4).clamp(min=torch.finfo(bounded.dtype).tiny)
    weight = (2 - width) * bounded.log() - (width - 3) / 2 * rest.log()
    chances = weight.masked_fill(~in_reach, float("-inf")).softmax(dim=1)
    return chances.masked_fill(~in_reach, 0).float()
