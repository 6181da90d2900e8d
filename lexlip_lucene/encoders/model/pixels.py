"""From pictures to the tensor a backbone takes.

The whole picture is resized to a square: a search must see the edges, too, so nothing is cropped.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import LIMITS, ImageLimits, UnreadableImage, open_listed
from lexlip_lucene.recipes.model_spec import ImageSpec

DECODE_THREADS = 4
"""At the least. PIL releases the interpreter lock while it decodes; more threads than cores hide slow disks."""

GROUPS_AHEAD = 3
"""Batches that are decoded or being decoded while one is encoded."""


def to_square(image: Image.Image, size: int) -> Tensor:
    """Resize an RGB picture of any size to (3, size, size) uint8."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def normalise(pixels: Tensor, spec: ImageSpec) -> Tensor:
    """Normalise (batch, 3, size, size) uint8 to float32 by the backbone's mean and standard deviation."""
    mean = torch.tensor(spec.mean, device=pixels.device).view(3, 1, 1)
    std = torch.tensor(spec.std, device=pixels.device).view(3, 1, 1)
    # Channels last: MobileNet's convolutions run 1.4 times as fast so on a CPU.
    return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


Listed: TypeAlias = CaptionedImage | Path
"""The source of a picture: an image that was listed, or a file."""


def load_square(image: Listed, size: int, limits: ImageLimits = LIMITS) -> Tensor | UnreadableImage:
    """Read one image file; an unreadable one comes back as the reason, so that the others are read."""
    try:
        return to_square(open_listed(image, limits, side=size), size)
    except UnreadableImage as reason:
        return reason


def load_batches(images: Iterable[Listed], *, size: int, batch_size: int) -> Iterator[list[Tensor | UnreadableImage]]:
    """Yield the pictures of `images` in order, `batch_size` at a time, decoding further batches meanwhile."""
    return load_groups(_groups(images, batch_size), size=size)


def load_groups(
    groups: Iterable[Sequence[Listed]], *, size: int, limits: ImageLimits = LIMITS
) -> Iterator[list[Tensor | UnreadableImage]]:
    """Yield the pictures of each group of images in order, decoding further groups meanwhile."""
    stream = iter(groups)
    ahead: deque[list[Future[Tensor | UnreadableImage]]] = deque()
    with ThreadPoolExecutor(max(DECODE_THREADS, _cores())) as pool:
        while True:
            for group in islice(stream, GROUPS_AHEAD - len(ahead)):
                ahead.append([pool.submit(load_square, image, size, limits) for image in group])
            if not ahead:
                return
            yield [future.result() for future in ahead.popleft()]


def _cores() -> int:
    """Return the number of cores of this process's share of the machine."""
    return len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _groups(images: Iterable[Listed], size: int) -> Iterator[list[Listed]]:
    stream = iter(images)
    while group := list(islice(stream, size)):
        yield group
