"""Image files → vectors, batch by batch: threads decode the next batches while the device encodes one.

What a verb does with them is its own: `encode` writes a collection, `zero_shot` looks for labels. An image that can't
be read stays in its batch as a rejected one, so ids travel with their pictures and no later image can take its id.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import tee
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import LIMITS, ImageLimits, UnreadableImage
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.image_pass import ImagePass
from lexlip_lucene.encoders.model.image_tower import Seen
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_groups
from lexlip_lucene.encoders.pool.heaviest import placed, quantised
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.encoders.visual.visual_lexicon import whole as whole_of
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.manifest import Rejected
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.quantise import Quantiser


class ImageBatch(NamedTuple):
    """The images of a batch that could be read, in order; what gives their vectors; and those that could not.

    `vectors`, and `positions`, `patches` and `looks` (visual words) where they are asked for, may wait for the device,
    so the next batch can be begun before they are called.
    """

    images: list[CaptionedImage]
    vectors: Callable[[], Sequence[Impacts]]
    rejected: list[Rejected]
    positions: Callable[[], Sequence[str]] | None = None
    patches: Callable[[], Sequence[NDArray[np.float32]]] | None = None
    looks: Callable[[], Sequence[Impacts]] | None = None


def image_batches(
    model: LexLip,
    groups: Iterable[Sequence[CaptionedImage]],
    *,
    quantiser: Quantiser,
    arithmetic: Arithmetic,
    batch_size: int,
    states: Path | None = None,
    grid: Grid | None = None,
    patches: bool = False,
    whole: bool = False,
    visual: VisualLexicon | None = None,
    limits: ImageLimits = LIMITS,
) -> Iterator[ImageBatch]:
    """Encode the images of each group; a few groups are drawn ahead.

    Args:
        model: the model; it is not changed.
        groups: the images of each batch, at most `batch_size` of them; each gives one `ImageBatch`.
        quantiser: that of the model's side "image".
        arithmetic: what to compute in.
        batch_size: at least 1.
        states: a folder that keeps the backbone's states; None: don't.
        grid: the model's, where the places of tokens are asked for.
        patches: also give the patch vectors, which the model must have.
        whole: give the vector of the whole picture as its only patch.
        visual: also give the visual words of this lexicon, which is the model's; None: don't.
        limits: which pictures are read.
    """
    encode = ImagePass(
        model,
        arithmetic,
        most=quantiser.top_k,
        batch_size=batch_size,
        states=states,
        winners=grid is not None,
        places=visual is not None or whole,
    )
    groups, ahead = tee(groups)
    loaded = load_groups(ahead, size=model.config.image.size, limits=limits)
    for images, pictures in zip(groups, loaded, strict=True):
        named = list(zip(images, pictures, strict=True))
        readable = [(image, picture) for image, picture in named if isinstance(picture, Tensor)]
        seen = encode.states.seen(torch.stack([picture for _, picture in readable])) if readable else None
        found = None if seen is None else encode.heaviest(seen.states)
        yield ImageBatch(
            [image for image, _ in readable],
            partial(quantised, found, quantiser, model.lexicon.tokens) if found else list,
            [
                Rejected(image.id, image.place, str(reason))
                for image, reason in named
                if isinstance(reason, UnreadableImage)
            ],
            partial(placed, found, grid, quantiser, model.lexicon.tokens) if found and grid else None,
            _patches(encode, seen, patches=patches, whole=whole),
            partial(visual.impacts, seen.places.cpu()) if seen is not None and visual is not None else None,
        )


def _patches(
    encode: ImagePass, seen: Seen | None, *, patches: bool, whole: bool
) -> Callable[[], Sequence[NDArray[np.float32]]] | None:
    if seen is None or not (patches or whole):
        return None
    return partial(_arrays, encode.patches(seen.states) if patches else whole_of(seen.places).unsqueeze(1))


def _arrays(patches: Tensor) -> list[NDArray[np.float32]]:
    return list(patches.cpu().numpy())
