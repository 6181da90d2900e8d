"""The encode stage: images or texts in, a collection (or a file of encoded queries) and its manifest out.

An image that can't be read is listed in the manifest with the reason, and the run continues; ids travel with their
pictures, so no later image can take its id. Inputs = documents + rejected, checked when the manifest is made.

Decoding, the model, and the writing of shards run side by side: threads decode the next batches, the device encodes
one, and a thread writes those before.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.data.texts import read_texts
from lexlip_lucene.encode.arithmetic import COMPILING, Arithmetic, choose_arithmetic
from lexlip_lucene.encode.encoded_batches import ImageBatches, TextBatches
from lexlip_lucene.encode.entity_vectors import NO_TERMS, EntityTerms, terms_of_images, terms_of_texts
from lexlip_lucene.encode.existing import ExistingCollection, read_existing
from lexlip_lucene.encode.further_shards import FurtherShards
from lexlip_lucene.encode.inputs_hash import hash_of_images, hash_of_texts
from lexlip_lucene.encode.memory import encoding_memory_errors_named
from lexlip_lucene.encode.patch_output import SMALL, PatchForm, PatchOutput, patch_output, whole_output
from lexlip_lucene.encode.query_file import is_query_file
from lexlip_lucene.encode.run import encode_shards
from lexlip_lucene.encode.shard_plan import plan_shards
from lexlip_lucene.encode.unfinished import Unfinished
from lexlip_lucene.encoders.explain.patch_maps import grid_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import config_bytes
from lexlip_lucene.encoders.visual.of_model import visual_of
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count
from lexlip_lucene.processes import ALONE, Ranks
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.manifest import Manifest
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.positions import format_grid
from lexlip_lucene.vectors.quantise import ROUNDING, Quantiser


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
    images: Sequence[CaptionedImage] | Path | str,
    output: Path | str,
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
    ranks: Ranks = ALONE,
    progress: Progress = SILENT,
) -> EncodeReport:
    """Encode pictures into a collection folder, or into encoded queries if `output` ends in `.jsonl`.

    A document's `contents` is its file's name; a query's id and contents are `<image id>#img`.

    Args:
        model: the model; it is not changed.
        images: at least one; or a folder or captions file of them.
        output: what to write.
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
        ranks: the processes that share the work.
        progress: receives the inputs done.

    Raises:
        InputError: not one picture could be read, batch_size < 1, `resume` finds another run, `update` finds no
            collection or patch store that was encoded by the same model with the same options, or a store that lacks
            a document of the collection, `patches` or `whole` are asked for queries, or both at once, `whole` without
            `visual`, or `entities` has no line of an image.
        OutputError: `output` or `patches` exists and `force` and `update` are off, an id occurs twice, or one of them
            can't be written.
        ModelError: `patches` are asked for, but the model has no late head; or `visual`, but it has no visual words.
        MemoryLimitError: the memory of the machine or its GPU does not suffice.
    """
    begun = time.monotonic()
    output = Path(output)
    if isinstance(images, (Path, str)):
        images = read_captions(Path(images))
    listed, existing = images, read_existing(output) if update else None
    if existing is not None:
        images = existing.lacking(images)
        existing = existing.without_rejected(images)
    batch_size = as_count(batch_size, "batch size")
    quantiser = model.quantiser("image", bits=bits, top_k=top_k)
    arithmetic = choose_arithmetic(model.device, inputs=len(images), precision=precision)
    if arithmetic.compiled:
        progress.note(COMPILING)
    grid = grid_of(model) if positions else None
    named = NO_TERMS if entities is None else terms_of_images(listed, Path(entities), quantiser, model.lexicon)
    looks = visual_of(model) if visual else None
    kept = None if patches is None else patch_output(model, output, Path(patches), patch_form, onto=update)
    if whole is not None:
        if kept is not None:
            raise InputError("a run writes one store: encode for --patches and for --whole apart, with --states")
        kept = whole_output(model, looks, output, Path(whole), onto=update)
    unfinished = _unfinished(
        model,
        output,
        inputs=len(images),
        inputs_sha256=hash_of_images(images),
        existing=existing,
        side="image",
        quantiser=quantiser,
        arithmetic=arithmetic,
        batch_size=batch_size,
        grid=grid,
        limits=limits,
        patches=kept,
        named=named,
        visual=looks,
    )
    if kept is not None and existing is not None:
        kept.require_old(existing.ids)
    batches = ImageBatches(
        model=model,
        images=images,
        quantiser=quantiser,
        batch_size=batch_size,
        arithmetic=arithmetic,
        as_queries=is_query_file(output),
        states=None if states is None else Path(states),
        grid=grid,
        patches=patches is not None,
        whole=whole is not None,
        visual=looks,
        limits=limits,
        further=named.terms,
    )
    if existing is not None and not images:
        return _report(existing.manifest, begun, existing, len(listed))
    with encoding_memory_errors_named(batch_size):
        manifest = encode_shards(
            unfinished, batches.of, label="encoding images", resume=resume, force=force, ranks=ranks, progress=progress
        )
    return _report(manifest, begun, existing, len(listed) - len(images))


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
    unfinished = _unfinished(
        model,
        output,
        inputs=len(texts),
        inputs_sha256=hash_of_texts(texts),
        side="text",
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


def _unfinished(
    model: LexLip,
    output: Path,
    *,
    inputs: int,
    inputs_sha256: str,
    side: Literal["image", "text"],
    quantiser: Quantiser,
    arithmetic: Arithmetic,
    batch_size: int,
    grid: Grid | None = None,
    limits: ImageLimits = LIMITS,
    existing: ExistingCollection | None = None,
    patches: PatchOutput | None = None,
    named: EntityTerms = NO_TERMS,
    visual: VisualLexicon | None = None,
) -> Unfinished:
    if not inputs and existing is None:
        raise InputError("nothing to encode: at least one input is needed, got none")
    facts: dict[str, Any] = {
        "side": side,
        "model_sha256": model.sha256,
        "vocabulary_sha256": model.lexicon.sha256,
        "scale": quantiser.scale,
        "rounding": ROUNDING,
        "bits": quantiser.bits,
        "top_k": quantiser.top_k,
        "inputs": inputs,
        "inputs_sha256": inputs_sha256,
        "arithmetic": str(arithmetic),
        "grid": None if grid is None else format_grid(grid),
        **limits.checked()._asdict(),
        **({"entities": True} if named.sha256 else {}),
        **({} if visual is None else {"visual_sha256": visual.sha256, "visual_codes": visual.code.size}),
    }
    config = config_bytes(model.config.model_copy(update={"files": {}}))  # the model card among them decides nothing
    settings = {"config_sha256": hashlib.sha256(config).hexdigest(), "batch_size": batch_size}
    if named.sha256:
        settings["entities_sha256"] = named.sha256
    if existing is None:
        return Unfinished(output, facts=facts, settings=settings, plan=plan_shards(inputs), patches=patches)
    existing.require_same({"entities": None, "visual_sha256": None, **facts})
    plan = plan_shards(inputs, first=existing.first_free)
    return FurtherShards(output, existing.manifest, facts=facts, settings=settings, plan=plan, patches=patches)


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
