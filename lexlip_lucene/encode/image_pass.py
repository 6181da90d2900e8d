"""One batch of pixels through the image side, down to the k heaviest tokens of each picture.

In float32 it is what `LexLip.image_weights` computes; in bfloat16 the matrices and convolutions are, while the norms'
weights, the pooled logits and everything after them stay in float32.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor

from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.states_pass import StatesPass, in_bfloat16
from lexlip_lucene.encoders.model.image_encoder import ImageEncoder
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.heaviest import Heaviest
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate


class ImagePass:
    """An encoder of batches of at most `batch_size` pictures.

    Args:
        model: its image side is not changed.
        arithmetic: what to compute in.
        most: tokens kept a picture; None keeps all positive ones.
        batch_size: at least 1.
        states: a folder that keeps the backbone's states; None: don't.
        winners: also say which position of the states gave each weight.
        places: `seen` is asked for.
    """

    def __init__(
        self,
        model: LexLip,
        arithmetic: Arithmetic,
        *,
        most: int | None,
        batch_size: int,
        states: Path | None = None,
        winners: bool = False,
        places: bool = False,
    ) -> None:
        self.model = model
        self.device = model.device
        self.arithmetic = arithmetic
        self.most = most
        self.winners = winners
        self.states = StatesPass(
            model.image.tower, model.device, arithmetic, batch_size=batch_size, keep=states, places=places
        )
        self.image = model.image if arithmetic.precision == "float32" else _head_in_bfloat16(model.image)

    def __call__(self, pictures: Sequence[Tensor]) -> Heaviest:
        """Return the heaviest tokens of `pictures`, each (3, size, size) uint8; on a GPU without waiting for them."""
        return self.heaviest(self.states(torch.stack(list(pictures))))

    @torch.inference_mode()
    def patches(self, states: Tensor) -> Tensor:
        """Return the unit patch vectors (batch, patches, late width) float32 of pictures with these states."""
        return self.model.patches_of_states(states)

    def heaviest(self, states: Tensor) -> Heaviest:
        """Return the heaviest tokens of pictures with these states (batch, positions, width)."""
        with torch.inference_mode(), self._autocast():
            if not self.winners:
                return self._kept(self.image.logits(states), states)
            pool = self.image.pooled(states)
            found = self._kept(pool.logits, states)
            winners = pool.positions.gather(1, found.positions)
            # A token without weight from any position, as a word of a class, has no place: a number past all of them.
            placeless = pool.logits.gather(1, found.positions) <= 0
            return found._replace(winners=winners.masked_fill(placeless, states.shape[1]))

    def _kept(self, logits: Tensor, states: Tensor) -> Heaviest:
        weights = self.image.with_classes(saturate(logits.float()), states)
        weights = divide_by_length(weights, self.model.config.image.length_power)
        return self.model.kept(weights, "image", self.most)

    def _autocast(self) -> AbstractContextManager[object]:
        lower = self.arithmetic.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


def _head_in_bfloat16(image: ImageEncoder) -> ImageEncoder:
    """Return a copy for all but the tower, which `StatesPass` has: its parameters are shared, not copied."""
    copied = in_bfloat16(image, shared=image.tower)
    assert isinstance(copied, ImageEncoder)
    return copied
