"""One batch of pixels through the image side, down to the k heaviest tokens of each picture.

In float32 it is what `LexLip.image_weights` computes; in bfloat16 the matrices and convolutions are, while the norms,
the pooled logits and everything after them stay in float32. The weights are cast once, in a copy of the image side:
autocast would cast them again for every batch.
"""

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.arithmetic import Arithmetic
from lexlip_lucene.encoders.heaviest import Heaviest, heaviest
from lexlip_lucene.encoders.image_encoder import ImageEncoder
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pixels import normalise
from lexlip_lucene.encoders.pooling import divide_by_length, saturate


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
        self.image = _in_bfloat16(model.image) if arithmetic.precision == "bfloat16" else model.image
        self._states = (
            torch.compile(self._states_of, dynamic=False, options={"freezing": True})
            if arithmetic.compiled
            else self._states_of
        )

    def __call__(self, pictures: Sequence[Tensor]) -> Heaviest:
        """Return the heaviest tokens of `pictures`, each (3, size, size) uint8; on a GPU without waiting for them."""
        pixels = torch.stack(list(pictures))
        if self.arithmetic.compiled and len(pixels) < self.batch_size:
            pixels = torch.cat([pixels, pixels.new_zeros(self.batch_size - len(pixels), *pixels.shape[1:])])
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()
        with torch.inference_mode(), self._autocast():
            logits = self.image.logits(self._states(pixels.to(self.device, non_blocking=True)))[: len(pictures)]
            weights = divide_by_length(saturate(logits.float()), self.spec.length_power)
            return heaviest(weights, self.top_k)

    def _states_of(self, pixels: Tensor) -> Tensor:
        states: Tensor = self.image.tower(normalise(pixels, self.spec))
        return states

    def _autocast(self) -> AbstractContextManager[object]:
        lower = self.arithmetic.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


def _in_bfloat16(image: ImageEncoder) -> ImageEncoder:
    """A copy with the weights of matrices and convolutions in bfloat16; autocast casts what meets them."""
    copied = copy.deepcopy(image).eval()
    for module in copied.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.to(dtype=torch.bfloat16)
    return copied.to(memory_format=torch.channels_last)
