"""One batch of pixels through the image side, down to the k heaviest tokens of each picture.

In float32 it is what `LexLip.image_weights` computes; in bfloat16 the matrices and convolutions are, while the norms'
weights, the pooled logits and everything after them stay in float32: with the norms in bfloat16 as well, states are a
quarter further off. The weights are cast once, in a copy of the image side: autocast would for every batch.
"""

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.arithmetic import Arithmetic
from lexlip_lucene.encoders.heaviest import Heaviest, heaviest
from lexlip_lucene.encoders.image_encoder import ImageEncoder
from lexlip_lucene.encoders.image_tower import ImageTower
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pixels import normalise
from lexlip_lucene.encoders.pooling import divide_by_length, saturate
from lexlip_lucene.recipes.model_spec import ImageSpec


class ImagePass:
    """Encodes batches of at most `batch_size` pictures.

    Compiled code is made for one shape, so there a smaller batch is filled up with black pictures.

    Args:
        model: its image side is not changed.
        arithmetic: what to compute in.
        top_k: tokens kept a picture; None keeps all positive ones.
        batch_size: at least 1.
    """

    def __init__(self, model: LexLip, arithmetic: Arithmetic, *, top_k: int | None, batch_size: int) -> None:
        self.spec = model.config.image
        self.device = model.device
        self.arithmetic = arithmetic
        self.top_k = top_k
        self.batch_size = batch_size
        self.image = model.image if arithmetic.precision == "float32" else _in_bfloat16(model.image)
        self.states: Callable[[Tensor], Tensor] = _States(self.image.tower, self.spec)
        if arithmetic.compiled:
            self.states = self._compiled()

    def __call__(self, pictures: Sequence[Tensor]) -> Heaviest:
        """Return the heaviest tokens of `pictures`, each (3, size, size) uint8; on a GPU without waiting for them."""
        pixels = torch.stack(list(pictures))
        if self.arithmetic.compiled and len(pixels) < self.batch_size:
            pixels = torch.cat([pixels, pixels.new_zeros(self.batch_size - len(pixels), *pixels.shape[1:])])
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()
        with torch.inference_mode(), self._autocast():
            states = self.states(pixels.to(self.device, non_blocking=True))[: len(pictures)]
            logits = self.image.logits(states).float()
            return heaviest(divide_by_length(saturate(logits), self.spec.length_power), self.top_k)

    def _compiled(self) -> Callable[[Tensor], Tensor]:
        """Compile by running once; the weights become constants, and batch norms part of convolutions."""
        from torch._inductor import config

        compiled: Callable[[Tensor], Tensor] = torch.compile(self.states, dynamic=False)
        black = torch.zeros(self.batch_size, 3, self.spec.size, self.spec.size, dtype=torch.uint8, device=self.device)
        with config.patch(freezing=True), torch.inference_mode(), self._autocast():
            compiled(black)
        return compiled

    def _autocast(self) -> AbstractContextManager[object]:
        lower = self.arithmetic.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


class _States(nn.Module):
    """pixels (batch, 3, size, size) uint8 → backbone states (batch, positions, width)."""

    def __init__(self, tower: ImageTower, spec: ImageSpec) -> None:
        super().__init__()
        self.tower = tower
        self.spec = spec

    def forward(self, pixels: Tensor) -> Tensor:
        states: Tensor = self.tower(normalise(pixels, self.spec))
        return states


def _in_bfloat16(image: ImageEncoder) -> ImageEncoder:
    """A copy with the weights of matrices and convolutions in bfloat16; autocast casts what meets them."""
    copied = copy.deepcopy(image).eval()
    for module in copied.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.to(dtype=torch.bfloat16)
    return copied.to(memory_format=torch.channels_last)
