"""Pixels → backbone states, as fast as the machine has it: in bfloat16, compiled where that pays, and once.

Compiled code is made for one shape, so there a smaller batch is filled up with black pictures.
"""

import copy
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.folding import with_folded_norms
from lexlip_lucene.encoders.model.image_tower import ImageTower, Seen
from lexlip_lucene.encoders.model.pixels import normalise
from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.recipes.model_spec import ImageSpec


class StatesPass:
    """An image tower, run without gradient over batches of at most `batch_size` pictures.

    Args:
        tower: it is not changed.
        device: where it is.
        arithmetic: what to compute in; matrices and convolutions are in bfloat16 then, norms stay in float32.
        batch_size: at least 1.
        keep: a folder that keeps the states of each batch for the next run over the same pictures; None: don't.
        places: `seen` is asked for, so the states of every place are kept there, too.
    """

    def __init__(
        self,
        tower: ImageTower,
        device: torch.device,
        arithmetic: Arithmetic,
        *,
        batch_size: int,
        keep: Path | None = None,
        places: bool = False,
    ) -> None:
        self.tower, self.device, self.arithmetic, self.batch_size = tower, device, arithmetic, batch_size
        self.keep, self.places = keep, places
        self._fingerprint = tower_fingerprint(tower) if keep is not None else ""
        self._run: Callable[[Tensor], Seen] | None = None

    def __call__(self, pixels: Tensor) -> Tensor:
        """Map pixels (batch, 3, size, size) uint8 to states (batch, positions, width), on a GPU without a wait."""
        return self.seen(pixels).states

    @torch.inference_mode()
    def seen(self, pixels: Tensor) -> Seen:
        """Map pixels to states as a call does, and to those of every place; the pass must be made with `places`."""
        if self.keep is None:
            return self._computed(pixels)
        digest = hashlib.sha256(f"{self._fingerprint}{self.arithmetic}".encode())
        digest.update(pixels.numpy().tobytes())
        file = self.keep / f"{digest.hexdigest()[:32]}.safetensors"
        if file.exists():
            kept = kept_tensors(file)
            if "places" in kept or not self.places:
                states = kept["states"].to(self.device)
                return Seen(states, kept["places"].to(self.device) if self.places else states)
        seen = self._computed(pixels)
        tensors = seen._asdict() if self.places else {"states": seen.states}
        keep_tensors({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, file)
        return seen

    def _computed(self, pixels: Tensor) -> Seen:
        if self._run is None:
            self._run = self._prepared()
        count = len(pixels)
        if self.arithmetic.compiled and count < self.batch_size:
            pixels = torch.cat([pixels, pixels.new_zeros(self.batch_size - count, *pixels.shape[1:])])
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()
        with self._autocast():
            seen = self._run(pixels.to(self.device, non_blocking=True))
        return Seen(seen.states[:count], seen.places[:count])

    def _prepared(self) -> Callable[[Tensor], Seen]:
        """Compile by running once; the weights become constants, and batch norms part of convolutions."""
        lower = self.arithmetic.precision == "bfloat16"
        if not self.arithmetic.compiled:
            return _OfPixels(in_bfloat16(self._folded()) if lower else self.tower, self.tower.spec)
        from torch._inductor import config  # a second's work, for the compiler only

        run = _OfPixels(in_bfloat16(self.tower) if lower else self.tower, self.tower.spec)
        compiled: Callable[[Tensor], Seen] = torch.compile(run, dynamic=False)
        size = self.tower.spec.size
        black = torch.zeros(self.batch_size, 3, size, size, dtype=torch.uint8, device=self.device)
        with config.patch(freezing=True), self._autocast():
            compiled(black)
        return compiled

    def _folded(self) -> nn.Module:
        """Return the tower with its norms folded, which the compiler would do by itself."""
        size = self.tower.spec.size
        noise = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(self.device)
        return with_folded_norms(self.tower, lambda tower: cast(Tensor, tower(noise)))

    def _autocast(self) -> AbstractContextManager[object]:
        lower = self.arithmetic.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=lower)


class _OfPixels(nn.Module):
    def __init__(self, tower: nn.Module, spec: ImageSpec) -> None:
        super().__init__()
        self.tower, self.spec = tower, spec

    def forward(self, pixels: Tensor) -> Seen:
        seen: Seen = cast(Any, self.tower).seen(normalise(pixels, self.spec))
        return seen


def in_bfloat16(module: nn.Module, *, shared: nn.Module | None = None) -> nn.Module:
    """Return a copy with the weights of matrices and convolutions in bfloat16; autocast casts what meets them.

    What is `shared` stays one object with the original, as it is.

    They are cast once here: autocast would for every batch. With the norms in bfloat16 as well, states are a quarter
    further off.
    """
    copied = copy.deepcopy(module, {} if shared is None else {id(shared): shared})
    kept = set() if shared is None else set(shared.modules())
    for part in copied.modules():
        if isinstance(part, nn.Linear | nn.Conv2d) and part not in kept:
            part.to(dtype=torch.bfloat16)
            part.to(memory_format=torch.channels_last)
    return copied.eval()


def tower_fingerprint(tower: ImageTower) -> str:
    """Return a hash of all that the states of a picture depend on: the tower's tensors, and how it pools."""
    image = tower.spec
    digest = hashlib.sha256(f"{image.mean}{image.std}{image.grid}{image.global_state}{image.size}".encode())
    digest.update(f"{image.backbone}{image.arguments}{image.identity}{image.views}".encode())
    for tensor in tower.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()
