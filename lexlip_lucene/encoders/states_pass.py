"""Pixels → backbone states, as fast as the machine has it: in bfloat16 and compiled where that pays.

Compiled code is made for one shape, so there a smaller batch is filled up with black pictures.
"""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.arithmetic import Arithmetic
from lexlip_lucene.encoders.image_tower import ImageTower
from lexlip_lucene.encoders.pixels import normalise
from lexlip_lucene.recipes.model_spec import ImageSpec


class StatesPass:
    """Runs an image tower without gradient over batches of at most `batch_size` pictures.

    Args:
        tower: it is not changed.
        device: where it is.
        arithmetic: what to compute in; matrices and convolutions are in bfloat16 then, norms stay in float32.
        batch_size: at least 1.
    """

    def __init__(self, tower: ImageTower, device: torch.device, arithmetic: Arithmetic, *, batch_size: int) -> None:
        self.device, self.arithmetic, self.batch_size = device, arithmetic, batch_size
        self.size = tower.spec.size
        run = _OfPixels(tower if arithmetic.precision == "float32" else in_bfloat16(tower), tower.spec)
        self._run: Callable[[Tensor], Tensor] = self._compiled(run) if arithmetic.compiled else run

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """(batch, 3, size, size) uint8 → states (batch, positions, width), on a GPU without waiting for them."""
        count = len(pixels)
        if self.arithmetic.compiled and count < self.batch_size:
            pixels = torch.cat([pixels, pixels.new_zeros(self.batch_size - count, *pixels.shape[1:])])
        with self._autocast():
            states = self._run(pixels.to(self.device, non_blocking=True))
        return states[:count]

    def _compiled(self, run: nn.Module) -> Callable[[Tensor], Tensor]:
        """Compile by running once; the weights become constants, and batch norms part of convolutions."""
        from torch._inductor import config

        compiled: Callable[[Tensor], Tensor] = torch.compile(run, dynamic=False)
        black = torch.zeros(self.batch_size, 3, self.size, self.size, dtype=torch.uint8, device=self.device)
        with config.patch(freezing=True), torch.inference_mode(), self._autocast():
            compiled(black)
        return compiled

    def _autocast(self) -> AbstractContextManager[object]:
        lower = self.arithmetic.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


class _OfPixels(nn.Module):
    def __init__(self, tower: nn.Module, spec: ImageSpec) -> None:
        super().__init__()
        self.tower, self.spec = tower, spec

    def forward(self, pixels: Tensor) -> Tensor:
        states: Tensor = self.tower(normalise(pixels, self.spec))
        return states


def in_bfloat16(module: nn.Module) -> nn.Module:
    """Return a copy with the weights of matrices and convolutions in bfloat16; autocast casts what meets them."""
    copied = copy.deepcopy(module).eval()
    for part in copied.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.to(dtype=torch.bfloat16)
    return copied.to(memory_format=torch.channels_last)
