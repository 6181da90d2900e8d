"""The states of a frozen backbone, computed once and kept: an image source that no longer needs the backbone.

States are held in memory in half precision: 6,000 photos with 17 pooled states of width 1,280 are 0.3 GB.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encode.arithmetic import choose_arithmetic
from lexlip_lucene.encode.states_pass import StatesPass, tower_fingerprint
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.progress import Progress
from lexlip_lucene.training.examples.augmentation import UNCHANGED, Augmentation
from lexlip_lucene.training.examples.sources import LOAD_BATCH, HeldPictures, PlannedBatch, ReadPictures


@dataclass(frozen=True)
class FrozenStates:
    """States (variants, images, positions, width) fp16 of a frozen backbone; variant 1 is of mirrored pictures."""

    kept: Tensor

    def some(self, images: NDArray[np.int64]) -> "FrozenStates":
        """Return the states of only these images, which count from 0 there."""
        return FrozenStates(self.kept[:, torch.from_numpy(images)])

    def batches(self, plan: Iterable[PlannedBatch]) -> Iterator[Tensor]:
        """Yield the states of each batch; of an augmentation, only `mirrored` applies to states."""
        for images, augmentation in plan:
            yield self.kept[int(augmentation.mirrored)][torch.from_numpy(images)]

    def states(self, model: LexLip, inputs: Tensor) -> Tensor:
        """Return the states as they are."""
        return inputs.to(model.device, non_blocking=True)


def frozen_states(
    model: LexLip,
    pictures: HeldPictures | ReadPictures,
    *,
    mirrored: bool,
    cache: Path | None,
    progress: Progress,
) -> FrozenStates:
    """Run the frozen backbone over all pictures once, and with `mirrored` over their mirror images.

    Args:
        model: the model whose backbone it is.
        pictures: all readable training images.
        mirrored: also the mirror images.
        cache: a folder that keeps the states for the next run with the same pictures and backbone; None: they are not
            kept.
        progress: receives the batches done.
    """
    file = cache / f"states-{_fingerprint(model, pictures, mirrored)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"backbone states read from {file}")
        return FrozenStates(kept_tensors(file)["states"])
    arithmetic = choose_arithmetic(model.device, inputs=len(pictures))
    run = StatesPass(model.image.tower.eval(), model.device, arithmetic, batch_size=LOAD_BATCH)
    variants = [UNCHANGED, Augmentation(mirrored=True)] if mirrored else [UNCHANGED]
    count = len(pictures)
    numbers = np.arange(count)
    starts = range(0, count, LOAD_BATCH)
    plan = [PlannedBatch(numbers[at : at + LOAD_BATCH], variant) for variant in variants for at in starts]
    batches = progress.track(pictures.batches(plan), f"backbone states (batches of {LOAD_BATCH})", len(plan))
    joined = torch.cat([run(pixels).half().cpu() for pixels in batches])
    states = joined.view(len(variants), count, *joined.shape[1:])
    if file is not None:
        keep_tensors({"states": states}, file)
    return FrozenStates(states)


def _fingerprint(model: LexLip, pictures: HeldPictures | ReadPictures, mirrored: bool) -> str:
    """Hash everything the states depend on: the pictures, the backbone's tensors, and how states are pooled."""
    digest = hashlib.sha256(f"{tower_fingerprint(model.image.tower)}{mirrored}".encode())
    if isinstance(pictures, HeldPictures):
        digest.update(pictures.pixels.numpy().tobytes())
    else:
        for path in pictures.paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
