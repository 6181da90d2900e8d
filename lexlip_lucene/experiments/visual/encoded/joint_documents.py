"""Many documents with words and looks: photos, then mixes of other photos' places (`encode/mixes.py` has the formula).

A mix of places is pooled as the tower pools those of a picture, so that words and looks are of one picture.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encode.mixes import Mix, mixed_states
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.heaviest import quantised
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.encoders.visual.of_model import visual_of
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.errors import ModelError
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.model_spec import ImageSpec
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.picture_vector import PictureVector

AT_ONCE = 64

Coded = Callable[[NDArray[np.float16]], NDArray[np.uint8]]
"""From places (pictures, places, width) to the codes of the whole pictures."""


class Encoder(NamedTuple):
    """A model and its visual lexicon."""

    model: LexLip
    lexicon: VisualLexicon

    @property
    def tokens(self) -> list[str]:
        """The tokens of joint vectors, those of the lexicon first."""
        return [*self.model.lexicon.tokens, *self.lexicon.tokens]

    @torch.inference_mode()
    def vectors(self, places: Tensor) -> list[PictureVector]:
        """Return the vectors of pictures with these places (pictures, places, width)."""
        model, found = self.model, []
        for some in places.split(AT_ONCE):
            quantiser = model.quantiser("image")
            states = states_of(model.config.image, some.float())
            weights = divide_by_length(model.image.weights(states.to(model.device)), model.config.image.length_power)
            words = quantised(model.kept(weights, "image", quantiser.top_k), quantiser, model.lexicon.tokens)
            found += [PictureVector(*each) for each in zip(words, self.lexicon.impacts(some), strict=True)]
        return found


def states_of(spec: ImageSpec, places: Tensor) -> Tensor:
    """Return the states (batch, positions, width) that the tower gives for places (batch, places, width).

    Raises:
        ModelError: the model looks at pictures in several views, which places do not show.
    """
    if spec.views:
        raise ModelError("mixes are made of places, which do not show further views: take a model without image.views")
    side = round(places.shape[1] ** 0.5)
    grid = places.transpose(1, 2).unflatten(2, (side, side))
    whole = [grid.mean(dim=(2, 3)).unsqueeze(1)] if spec.global_state else []
    if spec.grid is not None and spec.grid != side:
        grid = functional.adaptive_avg_pool2d(grid, spec.grid)
    return torch.cat([grid.flatten(2).transpose(1, 2), *whole], dim=1)


def joint_documents(
    encoder: Encoder,
    photos: NDArray[np.float16],
    mixed: NDArray[np.float16],
    count: int,
    coded: Coded,
    progress: Progress,
    *,
    seed: int = 0,
) -> Iterator[tuple[list[Impacts], NDArray[np.uint8]]]:
    """Yield `count` documents in batches: vectors, and the codes of the whole pictures.

    Args:
        encoder: encodes them.
        photos: places of the photos that come first.
        mixed: places of the photos that mixes are made of.
        count: documents in all.
        coded: codes whole pictures.
        progress: shows how far it is.
        seed: of the mixes.
    """
    batches = _places(photos, mixed, count, seed)
    done = iter(progress.track(range(count), "documents encoded", count))
    for places in batches:
        vectors = [vector.joined for vector in encoder.vectors(places)]
        for _ in vectors:
            next(done)
        yield vectors, coded(places.half().numpy())
    next(done, None)


def _places(photos: NDArray[np.float16], mixed: NDArray[np.float16], count: int, seed: int) -> Iterator[Tensor]:
    for begin in range(0, min(count, len(photos)), AT_ONCE):
        yield torch.from_numpy(photos[begin : min(begin + AT_ONCE, count)])
    for batch in mixed_states(torch.from_numpy(mixed), count - min(count, len(photos)), seed=seed, mix=Mix()):
        yield batch.states


def read_encoder(folder: Path) -> Encoder:
    """Return the model in a folder and its visual words; errors as in `visual_of`."""
    model = LexLip.from_pretrained(folder)
    return Encoder(model, visual_of(model))


def picture_queries(encoder: Encoder, places: NDArray[np.float16]) -> list[PictureVector]:
    """Return the vectors of pictures that search."""
    return encoder.vectors(torch.from_numpy(places))


def text_queries(encoder: Encoder, texts: Sequence[str]) -> list[Impacts]:
    """Return the vectors of texts that search."""
    return encoder.model.encode_texts(list(texts))
