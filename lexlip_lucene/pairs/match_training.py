"""The training of a match head: captions with their own pictures, and with pictures swapped before the attention.

    loss = CE(own picture, 1) + ½ CE(picture of another caption, 0) + ½ CE(picture that looks alike, 0)

with binary cross-entropies, each a mean. Pictures of other captions come from a derangement of the batch, whatever its
size; one that looks alike is drawn from the nearest ones of the caption's own.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.data.pairs.derangement import derangement
from lexlip_lucene.errors import InputError
from lexlip_lucene.pairs.encoded import Numbers
from lexlip_lucene.pairs.match_head import MatchHead, MatchInputs
from lexlip_lucene.progress import SILENT, Progress


class PairInputs(Protocol):
    """The source of what a head sees of pairs."""

    def of(self, captions: Numbers, pictures: Numbers) -> MatchInputs:
        """Return the inputs of caption captions[i] with picture pictures[i], before any attention."""
        ...


@dataclass(frozen=True)
class MatchSettings:
    """Settings of a match head's training.

    Attributes:
        epochs: passes over the captions.
        batch_size: captions a step.
        learning_rate: AdamW's, falling to 0 on half a cosine.
        weight_decay: AdamW's.
        alike: nearest pictures that one is drawn from; 0: no such negatives.
        seed: of every draw.
    """

    epochs: int = 6
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    alike: int = 5
    seed: int = 0


def train_match_head(
    head: MatchHead,
    inputs: PairInputs,
    captions: Numbers,
    own: Numbers,
    alike: Numbers | None,
    settings: MatchSettings,
    progress: Progress = SILENT,
) -> None:
    """Train `head`, and leave it ready to score.

    Args:
        head: on any device; it is changed.
        inputs: gives the states of pairs.
        captions: (n,) numbers of the captions trained on.
        own: (n,) number of each one's own picture.
        alike: (pictures, k) pictures that look like each; None: none are drawn.
        settings: of the training.
        progress: receives the steps done.

    Raises:
        InputError: there is no caption, or all captions are of one picture.
    """
    if len(np.unique(own)) < 2:
        raise InputError(f"a match head needs captions of two pictures or more to learn from, got {len(captions)}")
    optimiser = torch.optim.AdamW(head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    batches = _batches(len(captions), settings)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, len(batches))
    head.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        for step, batch in enumerate(progress.track(batches, "training the match head (steps)", len(batches))):
            chance = np.random.default_rng([settings.seed, 1, step])
            loss = match_loss(head, inputs, captions[batch], own[batch], alike, chance)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            falling.step()
    head.eval()


def match_loss(
    head: MatchHead,
    inputs: PairInputs,
    captions: Numbers,
    own: Numbers,
    alike: Numbers | None,
    chance: np.random.Generator,
) -> Tensor:
    """Return the loss of a batch of captions; one in which no picture can be swapped has only matches."""
    loss = _cross_entropy(head, inputs, captions, own, 1.0)
    swapped = own[derangement(own, chance)]
    wrong = swapped != own
    if wrong.any():
        loss = loss + 0.5 * _cross_entropy(head, inputs, captions[wrong], swapped[wrong], 0.0)
    if alike is not None:
        drawn = alike[own, chance.integers(alike.shape[1], size=len(own))]
        loss = loss + 0.5 * _cross_entropy(head, inputs, captions, drawn, 0.0)
    return loss


def _cross_entropy(head: MatchHead, inputs: PairInputs, captions: Numbers, pictures: Numbers, label: float) -> Tensor:
    logits = head(inputs.of(captions, pictures))
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def _batches(count: int, settings: MatchSettings) -> list[Numbers]:
    """Return the places of each step's captions, of all epochs."""
    batches = []
    for epoch in range(settings.epochs):
        order = np.random.default_rng([settings.seed, 0, epoch]).permutation(count)
        batches += [order[at : at + settings.batch_size] for at in range(0, count, settings.batch_size)]
    return batches
