"""A closed-form start for the global path: ridge regression from mean states to weighted caption tokens.

    W = argmin Σ_i ‖W (x_i − m) − (y_i − ȳ)‖² + λ‖W‖²,   y_i = log(1 + captions of image i with token v) × idf_v

With an expander (`expander.py`), y is that in units of its standard deviation, plus relu of the expander's logits for
all captions of the image in units of theirs: a photo also learns words that its captions only call for.

It takes seconds, and on Flickr8k's frozen features it is worth more than minutes of gradient steps.
"""

import torch
from torch import Tensor, nn

SMALLEST_SPREAD = 1e-6
"""Targets that are all alike stay finite."""


def start_from_ridge(
    path: nn.Linear | nn.Sequential,
    features: Tensor,
    targets: Tensor,
    strength: float,
    *,
    bias: float = 1.0,
    threshold: float = 0.0,
) -> None:
    """Set `path` to the ridge solution from `features` to `targets`: W (x − m) + bias · ȳ − threshold.

    Args:
        path: the linear map (width → tokens) to set, or its two factors.
        features: (images, width) float, standardised mean states.
        targets: (images, tokens) float.
        strength: λ as a percentage of the mean diagonal of the features' Gram matrix.
        bias: share of the targets' mean ȳ that is predicted for every image; 1 is least squares.
        threshold: taken from every prediction.
    """
    solution, mean, target_mean = ridge_solution(features, targets, strength)
    offset = bias * target_mean - threshold - solution @ mean
    if isinstance(path, nn.Sequential):
        _factors(path, solution, offset, features - mean)
        return
    with torch.no_grad():
        path.weight.copy_(solution)
        path.bias.copy_(offset)


@torch.no_grad()
def _factors(path: nn.Sequential, solution: Tensor, offset: Tensor, centred: Tensor) -> None:
    """Set two factors to the map of their rank that is nearest to `solution` on the features (reduced-rank regression).

    With P the leading eigenvectors of the predictions' covariance, W becomes P Pᵀ W.
    """
    first, second = path[0], path[1]
    assert isinstance(first, nn.Linear) and isinstance(second, nn.Linear)
    gram = (centred.T @ centred / len(centred)).double()
    values, vectors = torch.linalg.eigh(gram)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    left = torch.linalg.svd(solution.double() @ root, full_matrices=False).U[:, : first.out_features]
    rank = left.shape[1]
    for layer in (first.weight, second.weight):
        layer.zero_()
    first.weight[:rank].copy_(left.T @ solution.double())
    second.weight[:, :rank].copy_(left)
    second.bias.copy_(offset)


def ridge_solution(features: Tensor, targets: Tensor, strength: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return W (tokens, width), m (width,) and ȳ (tokens,) for features (images, width), targets (images, tokens)."""
    mean, target_mean = features.mean(dim=0), targets.mean(dim=0)
    centred = features - mean
    gram = centred.T @ centred
    gram += torch.eye(len(gram)) * gram.diagonal().mean() * strength / 100
    return torch.linalg.solve(gram, centred.T @ (targets - target_mean)).T, mean, target_mean


def caption_targets(presence: Tensor, idf: Tensor) -> Tensor:
    """Return log(1 + count) × idf.

    Args:
        presence: (images, tokens) number of an image's captions with each token.
        idf: (tokens,) inverse document frequency over the captions.
    """
    return torch.log1p(presence) * idf


def joined_targets(said: Tensor, expanded: Tensor) -> Tensor:
    """Return y / σ_y + z / σ_z, each σ the standard deviation over all entries.

    Args:
        said: y, (images, tokens) float ≥ 0, of the words of the captions.
        expanded: z, (images, tokens) float ≥ 0, of the words that an expander sees in them.
    """
    spreads = [part.std().clamp(min=SMALLEST_SPREAD) for part in (said, expanded)]
    return said / spreads[0] + expanded / spreads[1]
