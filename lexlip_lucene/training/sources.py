"""Where a training step gets its images from: cached states of a frozen backbone, or pictures.

Both hold all images in memory, as fp16 states or as bytes of pixels: 6,000 photos are 0.3 GB of 17 pooled states
of width 1,280, or 0.9 GB of 224 × 224 pixels. Streaming larger sets belongs to the full training.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pixels import load_batches, normalise
from lexlip_lucene.encoders.pooling import divide_by_length, saturate
from lexlip_lucene.files import temporary_name
from lexlip_lucene.progress import Progress

LOAD_BATCH = 32


@dataclass(frozen=True)
class Look:
    """How a training step sees its pictures: mirrored, shifted by whole pixels (down, right), brighter or darker."""

    mirrored: bool = False
    shift: tuple[int, int] = (0, 0)
    brightness: float = 1.0


AS_THEY_ARE = Look()


@dataclass(frozen=True)
class Pictures:
    """Pixels (images, 3, size, size) uint8; the whole image encoder trains on them."""

    pixels: Tensor

    def logits(self, model: LexLip, images: NDArray[np.int64], look: Look = AS_THEY_ARE) -> Tensor:
        """Return the largest logit of each token (images, tokens)."""
        pixels = self.pixels[torch.from_numpy(images)].to(model.device)
        return model.image.logits(model.image.tower(normalise(_seen(pixels, look), model.config.image)))


@dataclass(frozen=True)
class FrozenStates:
    """States (variants, images, positions, width) fp16 of a frozen backbone; variant 1 is of mirrored pictures."""

    states: Tensor

    def logits(self, model: LexLip, images: NDArray[np.int64], look: Look = AS_THEY_ARE) -> Tensor:
        """Return the largest logit of each token (images, tokens); of a look, only `mirrored` applies to states."""
        return model.image.logits(self.states[int(look.mirrored)][torch.from_numpy(images)].to(model.device))


def _seen(pixels: Tensor, look: Look) -> Tensor:
    """Apply a look to (batch, 3, size, size) uint8; what a shift uncovers is filled by reflection."""
    if look.mirrored:
        pixels = pixels.flip(-1)
    margin = max(abs(step) for step in look.shift)
    if margin:
        size, (down, right) = pixels.shape[-1], look.shift
        padded = functional.pad(pixels.float(), (margin, margin, margin, margin), mode="reflect")
        pixels = padded[..., margin - down : margin - down + size, margin - right : margin - right + size]
    if look.brightness != 1.0:
        pixels = (pixels.float() * look.brightness).clamp(0, 255)
    return pixels


ImageSource = Pictures | FrozenStates


def load_pictures(
    images: Sequence[CaptionedImage], size: int, progress: Progress
) -> tuple[Pictures, list[int], list[str]]:
    """Read all pictures; return them, the numbers of the readable ones, and one line for each that is not."""
    readable: list[int] = []
    rejected: list[str] = []
    pictures: list[Tensor] = []
    batches = load_batches((image.path for image in images), size=size, batch_size=LOAD_BATCH)
    pairs = zip(images, (picture for batch in batches for picture in batch), strict=True)
    for number, (image, picture) in enumerate(progress.track(pairs, "reading training images", len(images))):
        if isinstance(picture, Tensor):
            readable.append(number)
            pictures.append(picture)
        else:
            rejected.append(f"{image.where}: image {image.id}: {picture}")
    return Pictures(torch.stack(pictures) if pictures else torch.zeros(0)), readable, rejected


@torch.inference_mode()
def frozen_states(
    model: LexLip, pictures: Pictures, *, mirrored: bool, cache: Path | None, progress: Progress
) -> FrozenStates:
    """Run the frozen backbone over `pictures` once, and over their mirror images where asked.

    Args:
        model: the model whose backbone it is.
        pictures: all readable training images.
        mirrored: also the mirror images.
        cache: a folder that keeps the states for the next run with the same pictures and backbone; None: don't.
        progress: told about it.
    """
    file = cache / f"states-{_fingerprint(model, pictures, mirrored)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"backbone states read from {file}")
        return FrozenStates(load_file(file)["states"])
    tower = model.image.tower.eval()
    variants = [False, True] if mirrored else [False]
    starts = [(variant, start) for variant in variants for start in range(0, len(pictures.pixels), LOAD_BATCH)]
    parts: list[Tensor] = []
    for variant, start in progress.track(starts, f"backbone states (batches of {LOAD_BATCH})", len(starts)):
        pixels = pictures.pixels[start : start + LOAD_BATCH].to(model.device)
        parts.append(tower(normalise(pixels.flip(-1) if variant else pixels, model.config.image)).half().cpu())
    joined = torch.cat(parts)
    states = joined.view(len(variants), len(pictures.pixels), *joined.shape[1:])
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({"states": states}, temporary_name(file))
        temporary_name(file).replace(file)
    return FrozenStates(states)


def _fingerprint(model: LexLip, pictures: Pictures, mirrored: bool) -> str:
    """Hash everything the states depend on: the pixels, the backbone's tensors, and how states are pooled."""
    image = model.config.image
    digest = hashlib.sha256(f"{image.mean}{image.std}{image.grid}{image.global_state}{mirrored}".encode())
    digest.update(f"{image.backbone}{image.arguments}{image.identity}".encode())
    digest.update(pictures.pixels.numpy().tobytes())
    for tensor in model.image.tower.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def weights_of(model: LexLip, source: ImageSource, images: NDArray[np.int64], batch: int = 256) -> Tensor:
    """Return the finished weights (images, tokens) of `images` on the CPU, divided by length; no gradient."""
    with torch.inference_mode():
        parts = [
            divide_by_length(
                saturate(source.logits(model, images[start : start + batch])), model.config.image.length_power
            )
            for start in range(0, len(images), batch)
        ]
    return torch.cat(parts).cpu()
