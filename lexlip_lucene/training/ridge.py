"""A closed-form start for the global path: ridge regression from mean states to weighted caption tokens.

    W = argmin Σ_i ‖W (x_i − m) − (y_i − ȳ)‖² + λ‖W‖²,   y_i = log(1 + captions of image i with token v) × idf_v

It takes seconds, and on Flickr8k's frozen features it is worth more than minutes of gradient steps.
"""

import torch
from torch import Tensor, nn


def start_from_ridge(path: nn.Linear, features: Tensor, targets: Tensor, strength: float) -> None:
    """Set `path` to the ridge solution from `features` to `targets`.

    Args:
        path: the linear map (width → tokens) to set.
        features: (images, width) float, standardised mean states.
        targets: (images, tokens) float.
        strength: λ as a percentage of the mean diagonal of the features' Gram matrix.
    """
    mean, target_mean = features.mean(dim=0), targets.mean(dim=0)
    centred = features - mean
    gram = centred.T @ centred
    gram += torch.eye(len(gram)) * gram.diagonal().mean() * strength / 100
    solution = torch.linalg.solve(gram, centred.T @ (targets - target_mean)).T
    with torch.no_grad():
        path.weight.copy_(solution)
        path.bias.copy_(target_mean - solution @ mean)


def caption_targets(presence: Tensor, idf: Tensor) -> Tensor:
    """Return log(1 + count) × idf.

    Args:
        presence: (images, tokens) number of an image's captions with each token.
        idf: (tokens,) inverse document frequency over the captions.
    """
    return torch.log1p(presence) * idf
