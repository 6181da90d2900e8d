"""The encode stage: images or texts in, a collection (or a file of encoded queries) and its manifest out.

An image that can't be read is listed in the manifest with the reason and the run goes on; ids travel with their
pictures, so no later image can take its id. Inputs = documents + rejected, checked when the manifest is made.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pixels import load_batches
from lexlip_lucene.errors import InputError
from lexlip_lucene.files import require_absent, sha256_of, written_folder
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Document, Topic
from lexlip_lucene.vectors.collection import Counts, Shard, write_queries, write_shards
from lexlip_lucene.vectors.manifest import Manifest, Rejected, ShardEntry, manifest_path, write_manifest
from lexlip_lucene.vectors.quantise import ROUNDING, Quantiser


class EncodeReport(NamedTuple):
    """Counts of one encode run: inputs = documents + rejected; `empty` documents have no token at all."""

    documents: int
    rejected: int
    empty: int
    postings: int
    seconds: float


def encode_images(
    model: LexLip,
    images: Sequence[CaptionedImage],
    output: Path,
    *,
    top_k: int | None = None,
    bits: int | None = None,
    batch_size: int = 32,
    force: bool = False,
    progress: Progress = SILENT,
) -> EncodeReport:
    """Encode pictures into a collection folder, or into encoded queries when `output` ends in `.jsonl`.

    A document's `contents` is its file's name; a query's id and contents are `<image id>#img`.

    Raises:
        InputError: not one picture could be read, or batch_size < 1.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    if batch_size < 1:
        raise InputError(f"batch size must be at least 1, got {batch_size}")
    quantiser = model.quantiser("image", bits=bits, top_k=top_k)
    rejected: list[Rejected] = []
    queries = is_query_file(output)
    documents = _image_documents(
        model, images, quantiser, batch_size=batch_size, as_queries=queries, rejected=rejected, progress=progress
    )
    begun = time.monotonic()
    counts = _write(model, "image", documents, output, quantiser, inputs=len(images), rejected=rejected, force=force)
    return EncodeReport(counts.documents, len(rejected), counts.empty, counts.postings, time.monotonic() - begun)


def encode_texts(
    model: LexLip,
    texts: Sequence[Topic],
    output: Path,
    *,
    top_k: int | None = None,
    bits: int | None = None,
    batch_size: int = 256,
    force: bool = False,
    progress: Progress = SILENT,
) -> EncodeReport:
    """Encode texts into a collection folder, or into encoded queries when `output` ends in `.jsonl`.

    Raises:
        InputError: there is no text, or batch_size < 1.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    if batch_size < 1:
        raise InputError(f"batch size must be at least 1, got {batch_size}")
    quantiser = model.quantiser("text", bits=bits, top_k=top_k)
    documents = _text_documents(model, texts, quantiser, batch_size=batch_size, progress=progress)
    begun = time.monotonic()
    counts = _write(model, "text", documents, output, quantiser, inputs=len(texts), rejected=[], force=force)
    return EncodeReport(counts.documents, 0, counts.empty, counts.postings, time.monotonic() - begun)


def is_query_file(output: Path) -> bool:
    """Whether `output` names a file of encoded queries rather than a collection folder (contract §1)."""
    return output.suffix == ".jsonl"


def _image_documents(
    model: LexLip,
    images: Sequence[CaptionedImage],
    quantiser: Quantiser,
    *,
    batch_size: int,
    as_queries: bool,
    rejected: list[Rejected],
    progress: Progress,
) -> Iterator[Document]:
    batches = load_batches((image.path for image in images), size=model.config.image.size, batch_size=batch_size)
    done = iter(progress.track(images, "encoding images", len(images)))
    for loaded in batches:
        named = [(next(done), picture) for picture in loaded]
        readable = [(image, picture) for image, picture in named if isinstance(picture, torch.Tensor)]
        for image, picture in named:
            if isinstance(picture, UnreadableImage):
                rejected.append(Rejected(image.id, str(image.path), str(picture)))
        if not readable:
            continue
        with torch.inference_mode():
            weights = model.image_weights(torch.stack([picture for _, picture in readable])).cpu().numpy()
        for (image, _), row in zip(readable, weights, strict=True):
            docid = f"{image.id}#img" if as_queries else image.id
            contents = docid if as_queries else image.path.name
            yield Document(docid, contents, quantiser.vector(row, model.lexicon.tokens))
    next(done, None)  # lets the progress line say that all are done


def _text_documents(
    model: LexLip, texts: Sequence[Topic], quantiser: Quantiser, *, batch_size: int, progress: Progress
) -> Iterator[Document]:
    begins = range(0, len(texts), batch_size)
    for begin in progress.track(begins, "encoding texts (batches)", len(begins)):
        batch = texts[begin : begin + batch_size]
        with torch.inference_mode():
            weights = model.text_weights([topic.text for topic in batch]).cpu().numpy()
        for topic, row in zip(batch, weights, strict=True):
            yield Document(topic.qid, topic.text, quantiser.vector(row, model.lexicon.tokens))


def _write(
    model: LexLip,
    side: str,
    documents: Iterator[Document],
    output: Path,
    quantiser: Quantiser,
    *,
    inputs: int,
    rejected: list[Rejected],
    force: bool,
) -> Counts:
    require_absent(output, force=force)
    if is_query_file(output):
        counts = write_queries(output, _at_least_one(documents, rejected), force=force)
        shards = [Shard(output.name, counts.documents, sha256_of(output))]
    else:
        with written_folder(output, force=force) as folder:
            shards, counts = write_shards(folder, _at_least_one(documents, rejected))
            manifest_path(output).unlink(missing_ok=True)  # an earlier one must not stand beside this collection
    manifest = Manifest(
        side=side,
        model_sha256=model.sha256,
        vocabulary_sha256=model.lexicon.sha256,
        scale=quantiser.scale,
        rounding=ROUNDING,
        bits=quantiser.bits,
        top_k=quantiser.top_k,
        inputs=inputs,
        documents=counts.documents,
        empty=counts.empty,
        postings=counts.postings,
        rejected=rejected,
        shards=[ShardEntry(**shard._asdict()) for shard in shards],
    )
    write_manifest(output, manifest)
    return counts


def _at_least_one(documents: Iterator[Document], rejected: list[Rejected]) -> Iterator[Document]:
    """Pass `documents` on; none at all is an error, raised before an empty collection gets its final name."""
    first = next(documents, None)
    if first is None:
        reason = (
            f"; the first of {len(rejected)} rejected: {rejected[0].file}: {rejected[0].reason}" if rejected else ""
        )
        raise InputError(f"nothing to encode: not one input could be read{reason}")
    yield first
    yield from documents
