"""Photos through the model, a part after the other; torch is loaded when the first is encoded."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.photos.encoded import Encoded, EncodedParts
from lexlip_lucene.photos.ledger import Settings
from lexlip_lucene.photos.scan import PhotoFile
from lexlip_lucene.progress import Progress
from lexlip_lucene.vectors.entity_terms import heaviest_first

if TYPE_CHECKING:
    from lexlip_lucene.encode.image_batches import ImageBatch
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon

BATCH = 32
"""Photos a batch."""

PART_BATCHES = 8
"""Batches a part: what a kill loses at most, some seconds' work."""


def encode_photos(
    photos: dict[str, PhotoFile],
    model: Path,
    settings: Settings,
    parts: EncodedParts,
    *,
    device: str,
    progress: Progress,
) -> None:
    """Encode photos into `parts`.

    Args:
        photos: SHA-256 of a content → a file that has it; at least one.
        model: the model's folder.
        settings: of the vectors.
        parts: receives the vectors, and the reason against each file that could not be read.
        device: the torch device; "auto" is the GPU if present.
        progress: receives the photos done.

    Raises:
        ModelError: the folder is no model, or has no visual words, and `settings` has some.
        OutputError: a part can't be written.
    """
    from lexlip_lucene.encode.memory import encoding_memory_errors_named
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.of_model import visual_of

    loaded = LexLip.from_pretrained(model, device=choose_device(device))
    visual = None if settings.visual_sha256 is None else visual_of(loaded)
    sha256_of = {file.image.id: sha256 for sha256, file in photos.items()}
    with encoding_memory_errors_named(BATCH):
        batches = _batches(loaded, list(photos.values()), settings, visual, progress)
        while part := [batch for _, batch in zip(range(PART_BATCHES), batches, strict=False)]:
            parts.add(list(chain.from_iterable(_encoded(batch, sha256_of) for batch in part)))


def _batches(
    model: "LexLip",
    photos: Sequence[PhotoFile],
    settings: Settings,
    visual: "VisualLexicon | None",
    progress: Progress,
) -> "Iterator[ImageBatch]":
    from lexlip_lucene.encode.arithmetic import COMPILING, choose_arithmetic
    from lexlip_lucene.encode.image_batches import image_batches

    arithmetic = choose_arithmetic(model.device, inputs=len(photos))
    if arithmetic.compiled:
        progress.note(COMPILING)
    done = iter(progress.track(range(len(photos)), "encoding photos", len(photos)))
    for batch in image_batches(
        model,
        ([file.image for file in photos[begin : begin + BATCH]] for begin in range(0, len(photos), BATCH)),
        quantiser=model.quantiser("image", bits=settings.bits, top_k=settings.top_k),
        arithmetic=arithmetic,
        batch_size=BATCH,
        visual=visual,
        limits=ImageLimits(settings.max_pixels, settings.allow_truncated),
    ):
        for _ in range(len(batch.images) + len(batch.rejected)):
            next(done)
        yield batch
    next(done, None)  # lets the progress line say that all are done


def _encoded(batch: "ImageBatch", sha256_of: dict[str, str]) -> Iterator[Encoded]:
    looks = [{}] * len(batch.images) if batch.looks is None else batch.looks()
    for image, words, seen in zip(batch.images, batch.vectors(), looks, strict=True):
        yield Encoded(sha256_of[image.id], heaviest_first(words, seen))
    for rejected in batch.rejected:
        yield Encoded(sha256_of[rejected.id], reason=rejected.reason)
