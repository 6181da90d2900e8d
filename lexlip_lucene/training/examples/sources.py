"""Sources of a training step's images: pictures held in memory, pictures read while the model trains, or the cached
states of a frozen backbone (`frozen_states.py`).

All give batches in the order of a plan, and `states` takes a batch through the model's image side. The same plan gives
the same bits from pictures that are held and from pictures that are read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage, open_image, require_listed_header
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_batches, normalise, to_square
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import AugmentRecipe
from lexlip_lucene.training.examples.augmentation import UNCHANGED, Augmentation, augmented

LOAD_BATCH = 32


class PlannedBatch(NamedTuple):
    """The images that one part of a step sees, and their augmentation."""

    images: NDArray[np.int64]
    augmentation: Augmentation = UNCHANGED


class ImageSource(Protocol):
    """A source of images for the loop."""

    def batches(self, plan: Iterable[PlannedBatch]) -> Iterator[Tensor]:
        """Yield the inputs of each batch of the plan, in its order, on the CPU."""
        ...

    def states(self, model: LexLip, inputs: Tensor) -> Tensor:
        """Return the backbone states (batch, positions, width) of a batch of inputs, on the model's device."""
        ...

    def some(self, images: NDArray[np.int64]) -> "ImageSource":
        """Return the source of only these images, which count from 0 there."""
        ...


class _OfPixels:
    """Inputs are (batch, 3, size, size) pixels in 0..255, which go through the whole image side."""

    def states(self, model: LexLip, inputs: Tensor) -> Tensor:
        """Run the backbone."""
        pixels = inputs.to(model.device, non_blocking=True)
        states: Tensor = model.image.tower(normalise(pixels, model.config.image))
        return states


@dataclass(frozen=True)
class HeldPictures(_OfPixels):
    """All pictures in memory: (images, 3, size, size) uint8. 6,000 of 224 × 224 pixels are 0.9 GB."""

    pixels: Tensor
    augment: AugmentRecipe | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def some(self, images: NDArray[np.int64]) -> "HeldPictures":
        """Return only these pictures, which count from 0 there."""
        return HeldPictures(self.pixels[torch.from_numpy(images)], self.augment)

    def batches(self, plan: Iterable[PlannedBatch]) -> Iterator[Tensor]:
        """Yield the pixels of each batch."""
        for images, augmentation in plan:
            yield augmented(self.pixels[torch.from_numpy(images)], augmentation, self.augment)


@dataclass(frozen=True)
class ReadPictures(_OfPixels):
    """Pictures read from their files while the model trains, by `workers` processes (0: by this one)."""

    paths: tuple[Path, ...]
    size: int
    workers: int
    augment: AugmentRecipe | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def some(self, images: NDArray[np.int64]) -> "ReadPictures":
        """Return only these pictures, which count from 0 there."""
        return replace(self, paths=tuple(self.paths[number] for number in images))

    def batches(self, plan: Iterable[PlannedBatch]) -> Iterator[Tensor]:
        """Yield the pixels of each batch.

        Raises:
            InputError: a picture whose header could be read turns out broken.
        """
        wanted = list(plan)
        loader: DataLoader[Tensor | str] = DataLoader(
            _Batches(self, wanted),
            batch_size=None,  # an item of the plan is a whole batch
            num_workers=min(self.workers, len(wanted)),
            pin_memory=torch.cuda.is_available(),
            multiprocessing_context="forkserver" if self.workers and wanted else None,
        )
        for batch in loader:
            if isinstance(batch, str):
                raise InputError(f"{batch}: take the picture out of the captions file, or mend it")
            yield batch


class _Batches(Dataset[Tensor | str]):
    """The plan as a dataset: item n is its batch n, or the defect of one of its pictures."""

    def __init__(self, source: ReadPictures, plan: Sequence[PlannedBatch]) -> None:
        self.source, self.plan = source, plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> Tensor | str:
        images, augmentation = self.plan[number]
        pictures = []
        for image in images:
            path = self.source.paths[image]
            try:
                pictures.append(to_square(open_image(path), self.source.size))
            except UnreadableImage as reason:
                return f"{path}: {reason}"
        return augmented(torch.stack(pictures), augmentation, self.source.augment)


class ReadablePictures(NamedTuple):
    """The training images that can be read: their source, their numbers, and one line for each that can't."""

    source: HeldPictures | ReadPictures
    readable: list[int]
    rejected: list[str]


def find_pictures(
    images: Sequence[CaptionedImage],
    size: int,
    *,
    hold_megabytes: int = 4000,
    workers: int = 2,
    augment: AugmentRecipe | None = None,
    progress: Progress,
) -> ReadablePictures:
    """Read all pictures if they fit in memory; otherwise read their headers and leave the rest to the training.

    Args:
        images: the images of the split.
        size: height and width in pixels.
        hold_megabytes: most that the pictures may take in memory.
        workers: processes that read pictures that are not held.
        augment: RandAugment's setting.
        progress: receives every picture.
    """
    if len(images) * 3 * size * size <= hold_megabytes * 1e6:
        return _held(images, size, augment, progress)
    readable: list[int] = []
    rejected: list[str] = []
    for number, image in enumerate(progress.track(images, "looking at training images", len(images))):
        try:
            require_listed_header(image)
            readable.append(number)
        except UnreadableImage as reason:
            rejected.append(f"{image.where}: image {image.id}: {reason}")
    paths = tuple(images[number].path for number in readable)
    return ReadablePictures(ReadPictures(paths, size, workers, augment), readable, rejected)


def _held(
    images: Sequence[CaptionedImage], size: int, augment: AugmentRecipe | None, progress: Progress
) -> ReadablePictures:
    readable: list[int] = []
    rejected: list[str] = []
    pictures: list[Tensor] = []
    batches = load_batches(images, size=size, batch_size=LOAD_BATCH)
    pairs = zip(images, (picture for batch in batches for picture in batch), strict=True)
    for number, (image, picture) in enumerate(progress.track(pairs, "reading training images", len(images))):
        if isinstance(picture, Tensor):
            readable.append(number)
            pictures.append(picture)
        else:
            rejected.append(f"{image.where}: image {image.id}: {picture}")
    return ReadablePictures(
        HeldPictures(torch.stack(pictures) if pictures else torch.zeros(0), augment), readable, rejected
    )


def plan_of(images: NDArray[np.int64], batch: int) -> list[PlannedBatch]:
    """Return `images` in batches, as they are."""
    return [PlannedBatch(images[start : start + batch]) for start in range(0, len(images), batch)]


@torch.inference_mode()
def weights_of(model: LexLip, source: ImageSource, images: NDArray[np.int64], batch: int = 256) -> Tensor:
    """Return the finished weights (images, tokens) of `images` on the CPU, divided by length; no gradient."""
    parts = [
        divide_by_length(model.image.weights(source.states(model, inputs)), model.config.image.length_power).cpu()
        for inputs in source.batches(plan_of(images, batch))
    ]
    return torch.cat(parts)
