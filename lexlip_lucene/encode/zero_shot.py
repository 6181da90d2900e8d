"""Zero-shot classification end to end: labels and images through a model, and the best labels of each image out.

Texts and images meet in `dict[str, int]`, as in search (`evaluate/classify.py` has the formula), or by late interaction
(`late_labels.py`). torch is loaded in the functions that need it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.data.labels import Label
from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, prompts_of, require_templates
from lexlip_lucene.encode.late_labels import LateLabels, say_empty
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.classify import LabelVectors, ScoredLabel, best_labels, label_vectors
from lexlip_lucene.evaluate.label_accuracy import DEPTH, LabelAccuracy
from lexlip_lucene.integers import as_count
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Impacts
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.manifest import Rejected

if TYPE_CHECKING:
    from lexlip_lucene.encode.arithmetic import Arithmetic
    from lexlip_lucene.encode.image_batches import ImageBatch
    from lexlip_lucene.encoders.model.lexlip import LexLip

TEXTS_AT_ONCE = 256
"""Texts of whole labels that are encoded together: ImageNet's 1,000 labels in 80 prompts each are never all there."""


class Prediction(NamedTuple):
    """An image, its best labels, best first, and its true one where that is known."""

    id: str
    labels: list[ScoredLabel]
    truth: str | None


class ZeroShotReport(NamedTuple):
    """The outcome of a run: images in = `classified` + `rejected`.

    Attributes:
        classified: images that could be read.
        without_labels: those of them for which no label scored above 0, none by late interaction; where truth is known
            they count as wrong.
        rejected: images that could not be read, with the reason; they count in no figure.
        known: classified images whose truth is known.
        figures: `top-1` and `top-5` over the known ones, as fractions; None without a known one.
        seconds: for encoding the images and scoring them.
    """

    classified: int
    without_labels: int
    rejected: list[Rejected]
    known: int
    figures: dict[str, float | None]
    seconds: float


def encode_labels(
    model: "LexLip",
    labels: Sequence[Label],
    *,
    templates: Sequence[str] = DEFAULT_PROMPTS,
    progress: Progress = SILENT,
) -> LabelVectors:
    """Encode the prompts of each label as queries, with the model's own bits and top-k.

    Args:
        model: the model; it is not changed.
        labels: at least one, with names of their own.
        templates: prompts with `{}` once each, where a label's words go; at least one.
        progress: receives the labels that no image can have.

    Raises:
        InputError: no label, no template, a name that occurs twice, a template without its `{}`, or no label with a
            word that the model knows.
        ModelError: the model's scale was never calibrated.
    """
    require_templates(templates)
    vectors = label_vectors([label.name for label in labels], _prompt_vectors(model, labels, templates))
    say_empty(vectors.empty, len(labels), "knows no word of the prompts of", progress)
    return vectors


def _prompt_vectors(model: "LexLip", labels: Sequence[Label], templates: Sequence[str]) -> Iterator[Sequence[Impacts]]:
    step = max(1, TEXTS_AT_ONCE // max(1, len(templates)))
    for begin in range(0, len(labels), step):
        part = labels[begin : begin + step]
        texts = [text for label in part for text in prompts_of(label, templates)]
        vectors = model.encode_texts(texts, batch_size=TEXTS_AT_ONCE)
        for number in range(len(part)):
            yield vectors[number * len(templates) : (number + 1) * len(templates)]


def classify_images(
    model: "LexLip",
    images: Sequence[CaptionedImage] | Path | str,
    labels: LabelVectors | LateLabels | Sequence[str],
    keep: Callable[[Prediction], None],
    *,
    truth: Mapping[str, str] | None = None,
    k: int = DEPTH,
    batch_size: int = 32,
    arithmetic: "Arithmetic | None" = None,
    limits: ImageLimits = LIMITS,
    progress: Progress = SILENT,
) -> ZeroShotReport:
    """Give each image its best labels; images are encoded as `lexlip encode images` does.

    Memory does not grow with the number of images but for the rejected ones.

    Args:
        model: the model; it is not changed.
        images: at least one; or a folder or captions file of them.
        labels: names, whose prompts are `a photo of a NAME.`; or from `encode_labels` with the same model, or, to be
            scored by late interaction, from `encode_late_labels`.
        keep: takes the prediction of each image that could be read, in the order of `images`.
        truth: image id → name of its label, for those that are known.
        k: labels an image, at least 1; top-5 looks at five all the same.
        batch_size: images a batch, at least 1.
        arithmetic: what to compute in; None chooses as `lexlip encode images` does.
        limits: which pictures are read; others are rejected.
        progress: receives the images done, and each that can't be read.

    Raises:
        InputError: `k` or `batch_size` is below 1, no image is given, or not one could be read.
        ModelError: the model's scale was never calibrated, or labels for late interaction are given, but it has no late
            head.
    """
    if isinstance(images, (Path, str)):
        images = read_captions(Path(images))
    if not isinstance(labels, (LabelVectors, LateLabels)):
        labels = encode_labels(model, [Label(name, name) for name in as_texts(labels, "labels")], progress=progress)
    k, batch_size = as_count(k, "the number of labels"), as_count(batch_size, "batch size")
    begun = time.monotonic()
    accuracy = LabelAccuracy()
    classified = without_labels = 0
    rejected: list[Rejected] = []
    done = iter(progress.track(images, "classifying images", len(images)))
    for batch in _encoded(model, images, batch_size, arithmetic, limits, isinstance(labels, LateLabels)):
        for _ in range(len(batch.images) + len(batch.rejected)):
            next(done)
        for found in _predictions(batch, labels, truth or {}, max(k, DEPTH)):
            accuracy.add(found.labels, found.truth)
            classified, without_labels = classified + 1, without_labels + (not found.labels)
            keep(found._replace(labels=found.labels[:k]))
        for one in batch.rejected:
            progress.note(f"rejected: image {one.id}: {one.file}: {one.reason}")
        rejected += batch.rejected
    next(done, None)  # lets the progress line say that all are done
    _require_all(len(images), classified, rejected)
    seconds = time.monotonic() - begun
    return ZeroShotReport(
        classified=classified,
        without_labels=without_labels,
        rejected=rejected,
        known=accuracy.known,
        figures=accuracy.figures,
        seconds=seconds,
    )


def _encoded(
    model: "LexLip",
    images: Sequence[CaptionedImage],
    batch_size: int,
    arithmetic: "Arithmetic | None",
    limits: ImageLimits,
    patches: bool,
) -> Iterator["ImageBatch"]:
    from lexlip_lucene.encode.arithmetic import choose_arithmetic
    from lexlip_lucene.encode.image_batches import image_batches

    return image_batches(
        model,
        (images[begin : begin + batch_size] for begin in range(0, len(images), batch_size)),
        quantiser=model.quantiser("image"),
        arithmetic=arithmetic or choose_arithmetic(model.device, inputs=len(images)),
        batch_size=batch_size,
        patches=patches,
        limits=limits.checked(),
    )


def _predictions(
    batch: "ImageBatch", labels: LabelVectors | LateLabels, truth: Mapping[str, str], k: int
) -> Iterator[Prediction]:
    if isinstance(labels, LateLabels):
        found = labels.best(batch.patches() if batch.patches is not None else [], k)
    else:
        found = best_labels(batch.vectors(), labels, k)
    for image, best in zip(batch.images, found, strict=True):
        yield Prediction(image.id, best, truth.get(image.id))


def _require_all(images: int, classified: int, rejected: Sequence[Rejected]) -> None:
    if images != classified + len(rejected):
        raise InputError(f"{images} images are not {classified} classified + {len(rejected)} rejected ones")
    if not classified:
        first = f"; the first of {len(rejected)} rejected: {rejected[0].file}: {rejected[0].reason}" if rejected else ""
        raise InputError(f"nothing to classify: not one image could be read{first}")
