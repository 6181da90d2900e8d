"""Matrices of a model's file as integers of 8 bits, with a scale a row: a quarter of the bytes.

    w ≈ q · s,   q in −127..127,   s = max |w| of the row / 127

A matrix NAME is kept as NAME (int8) and NAME.scale (float32). Text weights and vectors stay as they are.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lexlip_lucene.encoders.model.model_files import SCALE, SMALLEST


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with each large float matrix as int8 and its scales."""
    kept: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.dim() != 2 or tensor.numel() < SMALLEST or not tensor.is_floating_point():
            kept[name] = tensor
            continue
        scale = tensor.float().abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / 127
        kept[name] = (tensor.float() / scale.unsqueeze(1)).round().to(torch.int8)
        kept[name + SCALE] = scale
    return kept


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that `packed` took, its matrices to within half a step of a row's scale."""
    return {
        name: tensor.float() * tensors[name + SCALE].unsqueeze(1) if tensor.dtype == torch.int8 else tensor
        for name, tensor in tensors.items()
        if not (name.endswith(SCALE) and name.removesuffix(SCALE) in tensors)
    }
