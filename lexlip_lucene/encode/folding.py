"""Batch norms as part of the convolutions before them, which saves a third of a convolutional tower's time.

A norm that has been trained is a scale and a shift for each channel, so the convolution can do it. Only running a tower
shows which convolution a norm follows, so the result is compared with the tower, and dropped if it differs.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_weights

TOLERANCE = 1e-3
"""Largest difference that rounding makes, of the largest state."""


def with_folded_norms(tower: nn.Module, states: Callable[[nn.Module], Tensor]) -> nn.Module:
    """Return a copy of `tower` without batch norms that follow convolutions; or `tower`, if that gives other states.

    Args:
        tower: in evaluation mode, in float32; it is not changed.
        states: runs a tower on some picture.
    """
    folded = copy.deepcopy(tower)
    before: tuple[str, nn.Module] | None = None
    for name, module in list(folded.named_modules()):
        if isinstance(module, nn.Conv2d):
            before = name, module
        elif isinstance(module, nn.BatchNorm2d):
            if before is not None and _fits(before[1], module):
                _fold(folded, before[1], name, module)
            before = None
    with torch.inference_mode():
        expected, found = states(tower), states(folded)
    same = torch.allclose(found, expected, rtol=0, atol=TOLERANCE * float(expected.abs().max()))
    return folded if same else tower


def _fits(convolution: nn.Module, norm: nn.BatchNorm2d) -> bool:
    return (
        isinstance(convolution, nn.Conv2d)
        and convolution.out_channels == norm.num_features
        and norm.running_mean is not None
        and norm.running_var is not None
    )


def _fold(model: nn.Module, convolution: nn.Module, name: str, norm: nn.BatchNorm2d) -> None:
    assert isinstance(convolution, nn.Conv2d) and norm.running_mean is not None and norm.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    parent, _, child = name.rpartition(".")
    # timm's norms carry the activation that follows.
    after = [module for module in (getattr(norm, part, None) for part in ("drop", "act")) if module is not None]
    setattr(model.get_submodule(parent), child, nn.Sequential(*after))
