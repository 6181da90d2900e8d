"""Vectors shaped like real photos', as many as wanted: mixes of photos' backbone states through the model's own head.

    state = Σ over 3 photos i of w_i × state_i + noise,  w ~ Dirichlet(0.3, 0.3, 0.3),  noise ~ N(0, (0.3 × sd)²)

How many photos, how even the shares and how much noise is a `Mix`, which the formula shows with its defaults.

`sd` is each channel's standard deviation over photos; a mix has one noise value a channel, the same at all positions,
so that it moves the picture as a whole. Then adapter, head, pooling, division by length, top-k and quantisation, as
for a photo. Only the states are made up: no vector is drawn from a distribution. Weights (0.9, 0.08, 0.02) give a
variant of one photo, (0.5, 0.4, 0.1) a mix of two.

With the Flickr8k model (6,000 photos, all vectors cut at 128 tokens) the token of the average posting is in 11.5 %
of the mixes and in 10.8 % of the photos.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.errors import InputError

BATCH = 256
"""Mixes a batch: at 64 casting the head's tensors costs as much as using them."""

_SPREAD_PHOTOS = 500


class Mix(NamedTuple):
    """Settings of a mix: of so many photos, with shares from Dirichlet(concentration, …), and noise in units of `sd`.

    Nearer to even shares (concentration 0.5, 1) mixes have more of what all photos share: 8 % and more.
    """

    photos: int = 3
    concentration: float = 0.3
    noise: float = 0.3


class StatesBatch(NamedTuple):
    """Mixed states (batch, positions, width) bfloat16, and the photos (batch, photos) int64 with their shares."""

    states: Tensor
    photos: NDArray[np.int64]
    shares: NDArray[np.float64]

    def first(self, count: int) -> "StatesBatch":
        """Return the first `count` of them."""
        return StatesBatch(self.states[:count], self.photos[:count], self.shares[:count])


class VectorBatch(NamedTuple):
    """Lexicon positions (batch, k) int64, heaviest first, and their impacts (batch, k) int64; 0: not in the vector."""

    positions: NDArray[np.int64]
    impacts: NDArray[np.int64]


def mixed_vectors(model: LexLip, states: Tensor, count: int, *, seed: int) -> Iterator[VectorBatch]:
    """Yield the vectors of `count` mixes in batches of `BATCH`; a batch depends only on its number and the seed.

    It computes in bfloat16, which takes a fifth of float32's time where the processor has tile instructions.

    Args:
        model: encodes the mixes, with its own bits and top-k.
        states: (photos, positions, width) of the model's backbone.
        count: mixes, at least 0.
        seed: other seeds give other mixes.

    Raises:
        InputError: no photo to mix.
        ModelError: the model's scale was never calibrated.
    """
    for batch in mixed_states(states, count, seed=seed, mix=Mix()):
        yield _encoded(model, batch.states)


def mixed_states(states: Tensor, count: int, *, seed: int, mix: Mix) -> Iterator[StatesBatch]:
    """Yield the states of `count` mixes in batches of `BATCH`; arguments and errors as in `mixed_vectors`.

    Args:
        states: (photos, positions, width).
        count: mixes.
        seed: as there.
        mix: how they are made.
    """
    if not len(states):
        raise InputError("at least one photo is needed to make mixes of, got none")
    spread = states[:_SPREAD_PHOTOS].float().std(dim=(0, 1), correction=0).numpy()
    states = states.bfloat16()
    for number, begin in enumerate(range(0, count, BATCH)):
        chance = np.random.default_rng([seed, number])
        yield _mixed(states, spread, chance, mix).first(min(BATCH, count - begin))


def _mixed(states: Tensor, spread: NDArray[np.float32], chance: np.random.Generator, mix: Mix) -> StatesBatch:
    """Mix (photos, positions, width) into (BATCH, positions, width); the last batch too, even if less of it is used."""
    photos = chance.integers(len(states), size=(BATCH, mix.photos))
    shares = chance.dirichlet([mix.concentration] * mix.photos, size=BATCH)
    noise = chance.standard_normal((BATCH, 1, len(spread)), dtype=np.float32) * spread * np.float32(mix.noise)
    weights = torch.from_numpy(shares).to(states.dtype)
    mixed = torch.einsum("mipw,mi->mpw", states[torch.from_numpy(photos)], weights)
    return StatesBatch(mixed + torch.from_numpy(noise).to(states.dtype), photos, shares)


@torch.inference_mode()
def _encoded(model: LexLip, states: Tensor) -> VectorBatch:
    quantiser = model.quantiser("image")
    with torch.autocast(model.device.type, dtype=torch.bfloat16):
        weights = model.image.weights(states.to(model.device))
    weights = divide_by_length(weights, model.config.image.length_power)
    found = model.kept(weights, "image", quantiser.top_k or len(model.lexicon))
    values = found.weights.cpu().numpy()
    return VectorBatch(found.positions.cpu().numpy(), np.where(values > 0, quantiser.impacts(values), 0))
