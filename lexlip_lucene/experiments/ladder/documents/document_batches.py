"""The documents of a store in their order, batch by batch, as backbone states (torch).

Photos that topics ask for come first, then those that shares are chosen on, then distractor photos, then mixes of
distractors' states (`encode/mixes.py`).
If the plan has mixes, the states of the photos that are mixed are held in memory: at most as many photos as have
`HELD_BYTES` of pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.arithmetic import choose_arithmetic
from lexlip_lucene.encode.mixes import Mix, mixed_states
from lexlip_lucene.encode.states_pass import StatesPass
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_batches
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.ladder.documents.distractor_texts import photo_texts
from lexlip_lucene.experiments.ladder.documents.plan import DocumentPlan
from lexlip_lucene.progress import Progress
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import find_pictures

HELD_BYTES = 4e9
"""Pixels of the photos that are mixed, at most."""

PHOTOS_AT_ONCE = 32


class DocumentBatch(NamedTuple):
    """Documents: ids, texts, states (batch, positions, width), and parents (batch, photos): -1 for a photo."""

    ids: list[str]
    texts: list[str]
    states: Tensor
    parents: NDArray[np.int64]


class _Seen(NamedTuple):
    """Photos and their states, before it is known which of them are documents."""

    images: list[CaptionedImage]
    states: Tensor


@dataclass
class DocumentBatches:
    """The batches of a plan's documents; `targets`, `kept`, `photos` and `given_texts` count those yielded so far.

    Args:
        model: gives the backbone.
        plan: the documents.
        cache: a folder that keeps the backbone's states of photos between runs, except of distractors that are read
            batch by batch; None: keep none.
        progress: shows how far it is.
    """

    model: LexLip
    plan: DocumentPlan
    cache: Path | None
    progress: Progress
    rejected: list[dict[str, str]] = field(default_factory=list)
    targets: int = 0
    kept: int = 0
    photos: int = 0
    given_texts: int = 0

    def __post_init__(self) -> None:
        self._texts = self.plan.texts.stream()

    def __iter__(self) -> Iterator[DocumentBatch]:
        """Yield all batches.

        Raises:
            InputError: none of the photos that topics ask for can be read, or none to search beside them or to mix.
        """
        plan = self.plan
        for seen in self._read(plan.targets, self.cache):
            self.targets += len(seen.images)
            self.photos += len(seen.images)
            yield self._of_photos(seen)
        if not self.targets:
            raise InputError(f"not one of {len(plan.targets)} photos can be read: there is nothing to search")
        # A photo that could not be read makes room for another one, if the plan has others.
        room = plan.documents - self.targets if plan.documents > len(plan.targets) else 0
        yield from self._first(room, self._read(plan.kept, self.cache))
        self.kept = self.photos - self.targets
        if room > self.kept:
            yield from self._distractors(room - self.kept)

    def _distractors(self, room: int) -> Iterator[DocumentBatch]:
        every = self.plan.distractors
        held = every[: int(HELD_BYTES / (3 * self.model.config.image.size**2))]
        if room <= len(every) and len(held) < len(every):
            yield from self._first(room, self._read(every, None))
            return
        images, states = self._held(held)
        begins = range(0, len(images), PHOTOS_AT_ONCE)
        parts = (slice(begin, begin + PHOTOS_AT_ONCE) for begin in begins)
        before = self.photos
        yield from self._first(room, (_Seen(images[part], states[part]) for part in parts))
        yield from self._first(room - (self.photos - before), self._read(every[len(held) :], None))
        yield from self._mixes(states, room - (self.photos - before))

    def _first(self, room: int, batches: Iterator[_Seen]) -> Iterator[DocumentBatch]:
        """Yield batches of photos until the room is filled."""
        for images, states in batches if room > 0 else ():
            count = min(room, len(images))
            room -= count
            self.photos += count
            # Photos without room are cut first, so that they take no text.
            yield self._of_photos(_Seen(images[:count], states[:count]))
            if not room:
                return

    def _held(self, images: Sequence[CaptionedImage]) -> tuple[list[CaptionedImage], Tensor]:
        """Return the photos that are mixed and their states, all in memory; states that training kept are used."""
        found = find_pictures(images, self.model.config.image.size, hold_megabytes=10**9, progress=self.progress)
        readable = set(found.readable)
        left_out = [image for number, image in enumerate(images) if number not in readable]
        for image, reason in zip(left_out, found.rejected, strict=True):
            self._reject(image, reason)
        if not found.readable:
            raise InputError(f"not one of {len(images)} distractor photos can be read: none to search or mix")
        states = frozen_states(self.model, found.source, mirrored=False, cache=self.cache, progress=self.progress)
        return [images[number] for number in found.readable], states.kept[0]

    def _read(self, images: Sequence[CaptionedImage], keep: Path | None) -> Iterator[_Seen]:
        arithmetic = choose_arithmetic(self.model.device, inputs=len(images))
        tower = self.model.image.tower
        run = StatesPass(tower, self.model.device, arithmetic, batch_size=PHOTOS_AT_ONCE, keep=keep)
        batches = load_batches(images, size=self.model.config.image.size, batch_size=PHOTOS_AT_ONCE)
        done = iter(self.progress.track(images, "photos through the model", len(images)))
        for pictures in batches:
            seen = [(next(done), picture) for picture in pictures]
            for image, picture in seen:
                if not isinstance(picture, Tensor):
                    self._reject(image, f"{image.where}: image {image.id}: {picture}")
            readable = [(image, picture) for image, picture in seen if isinstance(picture, Tensor)]
            if readable:
                states = run(torch.stack([picture for _, picture in readable]))
                yield _Seen([image for image, _ in readable], states)
        next(done, None)

    def _reject(self, image: CaptionedImage, reason: str) -> None:
        self.rejected.append({"id": image.id, "reason": reason})
        self.progress.note(f"left out: {reason}")

    def _of_photos(self, seen: _Seen) -> DocumentBatch:
        """Name photos and give them their texts; a photo without captions gets one of another image, as a mix does."""
        own = photo_texts(seen.images, self.plan.held_out)
        texts = [text or self._given() for text in own]
        parents = np.full((len(seen.images), self.plan.mix.photos), -1)
        return DocumentBatch([image.id for image in seen.images], texts, seen.states, parents)

    def _given(self) -> str:
        self.given_texts += 1
        return next(self._texts)

    def _mixes(self, states: Tensor, count: int) -> Iterator[DocumentBatch]:
        spec = self.plan.mix
        mix = Mix(spec.photos, spec.concentration, spec.noise)
        done = iter(self.progress.track(range(count), "mixes through the model", count))
        number = 0
        for batch in mixed_states(states, count, seed=spec.seed, mix=mix):
            ids = [f"mix{number + place:07d}" for place in range(len(batch.states))]
            number += len(ids)
            yield DocumentBatch(ids, [self._given() for _ in ids], batch.states, batch.photos)
            for _ in ids:
                next(done)
        next(done, None)
