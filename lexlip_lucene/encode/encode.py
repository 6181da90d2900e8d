"""The encode stage: images or texts in, a collection (or a file of encoded queries) and its manifest out.

An image that can't be read is listed in the manifest with the reason, and the run continues; ids travel with their
pictures, so no later image can take its id. Inputs = documents + rejected, checked when the manifest is made.

Decoding, the model, and the writing of shards run side by side: threads decode the next batches, the device encodes
one, and a thread writes those before.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_folder import ImageFolder
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.data.remote.picture_shard import PictureShards
from lexlip_lucene.data.remote.pictures import read_pictures
from lexlip_lucene.data.texts import read_texts
from lexlip_lucene.encode.arithmetic import COMPILING, Arithmetic
from lexlip_lucene.encode.encoded_batches import TextBatches
from lexlip_lucene.encode.entity_vectors import NO_TERMS, terms_of_texts
from lexlip_lucene.encode.existing import ExistingCollection
from lexlip_lucene.encode.image_run import ImageOptions, image_run, unfinished_result
from lexlip_lucene.encode.inputs_hash import hash_of_texts
from lexlip_lucene.encode.memory import encoding_memory_errors_named
from lexlip_lucene.encode.patch_output import SMALL, PatchForm
from lexlip_lucene.encode.run import encode_shards
from lexlip_lucene.encode.shard_plan import WHOLE, Part, PlannedShard, plan_shards
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.files.location import Location
from lexlip_lucene.integers import as_count
from lexlip_lucene.processes import ALONE, Ranks
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.manifest import Manifest
from lexlip_lucene.vectors.query_file import is_query_file


class EncodeReport(NamedTuple):
    """Counts of one encode run: inputs = documents + rejected + present; `empty` documents have no token at all.

    `present` inputs were passed over: with `update`, the collection has them already.
    """

    documents: int
    rejected: int
    empty: int
    postings: int
    seconds: float
    present: int = 0


def encode_images(
    model: LexLip,
    images: Sequence[CaptionedImage] | PictureShards | Location | Path | str,
    output: Location | Path | str,
    *,
    top_k: int | None = None,
    bits: int | None = None,
    batch_size: int = 32,
    precision: str = "auto",
    force: bool = False,
    resume: bool = False,
    update: bool = False,
    states: Path | str | None = None,
    positions: bool = False,
    patches: Path | str | None = None,
    patch_form: PatchForm = SMALL,
    entities: Path | str | None = None,
    visual: bool = False,
    whole: Path | str | None = None,
    limits: ImageLimits = LIMITS,
    part: Part = WHOLE,
    ranks: Ranks = ALONE,
    elsewhere: Callable[[ImageOptions, Sequence[PlannedShard], Progress], None] | None = None,
    progress: Progress = SILENT,
) -> EncodeReport:
    """Encode pictures into a collection, or into encoded queries if `output` ends in `.jsonl`.

    A document's `contents` is its file's name; a query's id and contents are `<image id>#img`.

    Args:
        model: the model; it is not changed.
        images: at least one; or a folder, a captions file or shards of them, here or at a URL.
        output: what to write, here or, a collection, at a URL.
        top_k: tokens kept an image; the model's own unless given.
        bits: impacts are in 1..2^bits − 1; the model's own unless given.
        batch_size: images a batch, at least 1.
        precision: "float32", "bfloat16", or "auto", which is bfloat16 if the device is fast at it.
        force: replace an `output` that exists.
        resume: keep the shards of a run of the same model, inputs and options that was cut short.
        update: add what the collection `output` lacks, as new shards; those that it has stay as they are. Inputs that
            were rejected before are tried again. An update that was cut short is resumed by the next one.
        states: a folder that keeps the backbone's states for another model over the same backbone; None: they are
            not kept.
        positions: also write the place of each token on a line (`vectors/positions.py`).
        patches: the folder of a patch store, which gets the patch vectors of every document; with `update`, those of
            the new ones. None: they are not kept.
        patch_form: the form in which they are kept.
        entities: a file of `lexlip tag` with a line of each image or of its captions, whose entities become terms of
            the vectors beside the `top_k` tokens (`vectors/entity_terms.py`); None: no entity terms.
        visual: the vectors also have the model's visual words, beside the `top_k` tokens.
        whole: the folder of a store of whole-picture vectors, the second stage of a search by looks; written as
            `patches` is, and not beside it. None: none is.
        limits: which pictures are read; others are rejected.
        part: the part of the inputs that is encoded, to be merged with the others (`vectors/merged.py`).
        ranks: the processes that share the work.
        elsewhere: encodes shards in other processes, as `RayWorkers` does; None: this one does.
        progress: receives the inputs done.

    Raises:
        InputError: not one picture could be read, batch_size < 1, `resume` finds another run, `update` finds no
            collection or patch store that was encoded by the same model with the same options, or a store that lacks
            a document of the collection, `patches` or `whole` are asked for queries, or both at once, `whole` without
            `visual`, `entities` has no line of an image, a shard can't be read or has an id of another, there are more
            parts than shards, or shards, a part or a URL are given with an option that can't have them.
        OutputError: `output` or `patches` exists and `force` and `update` are off, an id occurs twice, or one of them
            can't be written.
        ModelError: `patches` are asked for, but the model has no late head; or `visual`, but it has no visual words.
        MemoryLimitError: the memory of the machine or its GPU does not suffice.
    """
    begun = time.monotonic()
    output = output if isinstance(output, Location) else Location(output)
    if isinstance(images, (Path, str, Location)):
        found = read_pictures(images if isinstance(images, Location) else Location(images))
        images = found.images if isinstance(found, ImageFolder) else found
    options = ImageOptions(
        top_k=top_k,
        bits=bits,
        batch_size=batch_size,
        precision=precision,
        update=update,
        states=None if states is None else Path(states),
        positions=positions,
        patches=None if patches is None else Path(patches),
        patch_form=patch_form,
        entities=None if entities is None else Path(entities),
        visual=visual,
        whole=None if whole is None else Path(whole),
        limits=limits,
        part=part,
    )
    if elsewhere is not None:
        options.require_one_process()
    run = image_run(model, images, output, options)
    if run.existing is not None and not run.result.plan:
        return _report(run.existing.manifest, begun, run.existing, run.present)
    if run.arithmetic.compiled:
        progress.note(COMPILING)
    with encoding_memory_errors_named(options.batch_size):
        manifest = encode_shards(
            run.result,
            run.batches.of,
            label="encoding images",
            resume=resume,
            force=force,
            ranks=ranks,
            progress=progress,
            elsewhere=None if elsewhere is None else partial(elsewhere, replace(options, arithmetic=run.arithmetic)),
        )
    return _report(manifest, begun, run.existing, run.present)


def encode_texts(
    model: LexLip,
    texts: Sequence[Topic] | Path | str,
    output: Path | str,
    *,
    top_k: int | None = None,
    bits: int | None = None,
    batch_size: int = 256,
    entities: Path | str | None = None,
    force: bool = False,
    resume: bool = False,
    ranks: Ranks = ALONE,
    progress: Progress = SILENT,
) -> EncodeReport:
    """Encode texts into a collection folder, or into encoded queries if `output` ends in `.jsonl`.

    `texts` may be a file of topics, or a captions file. The other arguments are those of `encode_images`; texts are
    always encoded in float32. Those of a collection are encoded as documents, those of a file as queries (see
    `LexLip.encode_texts`).

    Raises:
        InputError: no text is given, batch_size < 1, or `resume` finds another run.
        OutputError: `output` exists and `force` is off, an id occurs twice, or `output` can't be written.
        MemoryLimitError: the memory of the machine or its GPU does not suffice.
    """
    begun = time.monotonic()
    output = Path(output)
    if isinstance(texts, (Path, str)):
        texts = read_texts(Path(texts))
    documents = not is_query_file(output)
    batch_size = as_count(batch_size, "batch size")
    quantiser = model.quantiser("document" if documents else "text", bits=bits, top_k=top_k)
    named = NO_TERMS
    if entities is not None:
        named = terms_of_texts(texts, Path(entities), quantiser, model.lexicon, as_queries=not documents)
    unfinished = unfinished_result(
        model,
        Location(output),
        side="text",
        plan=plan_shards(len(texts)),
        inputs_sha256=hash_of_texts(texts),
        quantiser=quantiser,
        arithmetic=Arithmetic(),
        batch_size=batch_size,
        named=named,
    )
    batches = TextBatches(
        model=model,
        texts=texts,
        quantiser=quantiser,
        batch_size=batch_size,
        as_documents=documents,
        further=named.terms,
    )
    with encoding_memory_errors_named(batch_size):
        manifest = encode_shards(
            unfinished, batches.of, label="encoding texts", resume=resume, force=force, ranks=ranks, progress=progress
        )
    return _report(manifest, begun)


def _report(
    manifest: Manifest, begun: float, existing: ExistingCollection | None = None, present: int = 0
) -> EncodeReport:
    """Return the counts of a run; those of a collection that it added to are taken off."""
    before = None if existing is None else existing.manifest
    return EncodeReport(
        documents=manifest.documents - (before.documents if before else 0),
        rejected=len(manifest.rejected) - (len(before.rejected) if before else 0),
        empty=manifest.empty - (before.empty if before else 0),
        postings=manifest.postings - (before.postings if before else 0),
        seconds=time.monotonic() - begun,
        present=present,
    )
