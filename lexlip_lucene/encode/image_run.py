"""An encode run of images made ready: what it encodes, with what, and where its result is unfinished."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.data.remote.picture_shard import PictureShards
from lexlip_lucene.encode.arithmetic import Arithmetic, choose_arithmetic
from lexlip_lucene.encode.encoded_batches import ImageBatches
from lexlip_lucene.encode.entity_vectors import NO_TERMS, EntityTerms, terms_of_images
from lexlip_lucene.encode.existing import ExistingCollection, read_existing
from lexlip_lucene.encode.further_shards import FurtherShards
from lexlip_lucene.encode.image_inputs import ImageInputs, ListedImages, ShardedImages
from lexlip_lucene.encode.patch_output import SMALL, PatchForm, PatchOutput, patch_output, whole_output
from lexlip_lucene.encode.result import Result
from lexlip_lucene.encode.shard_plan import WHOLE, Part, PlannedShard
from lexlip_lucene.encode.unfinished import Unfinished
from lexlip_lucene.encode.unfinished_at_url import UnfinishedAtUrl
from lexlip_lucene.encoders.explain.patch_maps import grid_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import config_bytes
from lexlip_lucene.encoders.visual.of_model import visual_of
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.integers import as_count
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.positions import format_grid
from lexlip_lucene.vectors.quantise import ROUNDING, Quantiser
from lexlip_lucene.vectors.query_file import is_query_file


@dataclass(frozen=True)
class ImageOptions:
    """The options of `encode_images` that its result depends on, by the same names."""

    top_k: int | None = None
    bits: int | None = None
    batch_size: int = 32
    precision: str = "auto"
    update: bool = False
    states: Path | None = None
    positions: bool = False
    patches: Path | None = None
    patch_form: PatchForm = field(default=SMALL)
    entities: Path | None = None
    visual: bool = False
    whole: Path | None = None
    limits: ImageLimits = LIMITS
    part: Part = WHOLE
    arithmetic: Arithmetic | None = None
    """Chosen already, for a worker that encodes a part of the run; None: chosen for this machine."""

    def require_one_process(self) -> None:
        """Raise InputError if something is asked for that Ray's workers can't share."""
        _refuse(self.update, "--update adds to a whole collection, so it goes without --ray")
        _refuse(self.patches is not None or self.whole is not None, "--ray writes no --patches and no --whole")

    def require_fitting(self, images: object, output: Location) -> None:
        """Raise InputError if shards, a part or a URL are asked for with what needs a list, or a folder here."""
        stores = self.patches is not None or self.whole is not None
        if isinstance(images, PictureShards):
            _refuse(
                self.update,
                "--update compares ids with a list of images, and shards have none: encode them again with --force",
            )
            _refuse(self.entities is not None, "--entities looks up the images of a list, and shards have none")
        if self.part.of > 1:
            _refuse(self.update, "--update adds to a whole collection, so it goes without --shard")
            _refuse(stores, "--patches and --whole write one store of a whole collection: leave out --shard")
            _refuse(is_query_file(Path(output.name)), "--shard encodes a part of a collection, and no queries")
        if output.path is None:
            _refuse(self.update, f"--update adds to a collection on this machine, and {output} is none")
            _refuse(stores, f"--patches and --whole are written beside a collection on this machine, not {output}")
            _refuse(is_query_file(Path(output.name)), f"encoded queries are written to this machine, not to {output}")


def _refuse(given: bool, message: str) -> None:
    if given:
        raise InputError(message)


class ImageRun(NamedTuple):
    """A run of images that can begin.

    Attributes:
        result: what it writes.
        batches: what it encodes.
        arithmetic: what it computes in.
        existing: the collection that it adds to; None: it makes a new one.
        present: images that `existing` has, and that are passed over.
    """

    result: Result
    batches: ImageBatches
    arithmetic: Arithmetic
    existing: ExistingCollection | None
    present: int


def image_run(
    model: LexLip, images: Sequence[CaptionedImage] | PictureShards, output: Location, options: ImageOptions
) -> ImageRun:
    """Return the run of `images`; nothing is written. Arguments and errors as in `encode_images`."""
    options.require_fitting(images, output)
    batch_size = as_count(options.batch_size, "batch size")
    existing = read_existing(_here(output)) if options.update else None
    listed = [] if isinstance(images, PictureShards) else images
    new = listed if existing is None else existing.lacking(listed)
    existing = None if existing is None else existing.without_rejected(new)
    inputs = _inputs(images, new, existing)
    quantiser = model.quantiser("image", bits=options.bits, top_k=options.top_k)
    arithmetic = options.arithmetic or choose_arithmetic(
        model.device, inputs=inputs.guessed, precision=options.precision
    )
    grid = grid_of(model) if options.positions else None
    named = (
        NO_TERMS if options.entities is None else terms_of_images(listed, options.entities, quantiser, model.lexicon)
    )
    looks = visual_of(model) if options.visual else None
    kept = _store(model, looks, output, options)
    result = unfinished_result(
        model,
        output,
        side="image",
        plan=inputs.plan,
        inputs_sha256=inputs.sha256,
        quantiser=quantiser,
        arithmetic=arithmetic,
        batch_size=batch_size,
        grid=grid,
        limits=options.limits,
        existing=existing,
        patches=kept,
        named=named,
        visual=looks,
        part=options.part,
    )
    if kept is not None and existing is not None:
        kept.require_old(existing.ids)
    batches = ImageBatches(
        model=model,
        inputs=inputs,
        quantiser=quantiser,
        batch_size=batch_size,
        arithmetic=arithmetic,
        as_queries=is_query_file(Path(output.name)),
        states=options.states,
        grid=grid,
        patches=options.patches is not None,
        whole=options.whole is not None,
        visual=looks,
        limits=options.limits,
        further=named.terms,
    )
    return ImageRun(result, batches, arithmetic, existing, len(listed) - len(new))


def unfinished_result(
    model: LexLip,
    output: Location,
    *,
    side: Literal["image", "text"],
    plan: Sequence[PlannedShard],
    inputs_sha256: str,
    quantiser: Quantiser,
    arithmetic: Arithmetic,
    batch_size: int,
    grid: Grid | None = None,
    limits: ImageLimits = LIMITS,
    existing: ExistingCollection | None = None,
    patches: PatchOutput | None = None,
    named: EntityTerms = NO_TERMS,
    visual: VisualLexicon | None = None,
    part: Part = WHOLE,
) -> Result:
    """Return the unfinished result of a run over `plan`, or of a part of it.

    Raises:
        InputError: nothing is planned, there are more parts than shards, or `existing` was made with other settings.
    """
    if not plan and existing is None:
        raise InputError("nothing to encode: at least one input is needed, got none")
    if part.of > 1:
        plan = part.shards(plan)
    counts = [shard.inputs for shard in plan]
    facts: dict[str, Any] = {
        "side": side,
        "model_sha256": model.sha256,
        "vocabulary_sha256": model.lexicon.sha256,
        "scale": quantiser.scale,
        "rounding": ROUNDING,
        "bits": quantiser.bits,
        "top_k": quantiser.top_k,
        **({} if None in counts else {"inputs": sum(count or 0 for count in counts)}),
        "inputs_sha256": inputs_sha256,
        "arithmetic": str(arithmetic),
        "grid": None if grid is None else format_grid(grid),
        **limits.checked()._asdict(),
        **({"entities": True} if named.sha256 else {}),
        **({} if visual is None else {"visual_sha256": visual.sha256, "visual_codes": visual.code.size}),
        **({"part": list(part)} if part.of > 1 else {}),
    }
    config = config_bytes(model.config.model_copy(update={"files": {}}))  # the model card among them decides nothing
    settings = {"config_sha256": hashlib.sha256(config).hexdigest(), "batch_size": batch_size}
    if named.sha256:
        settings["entities_sha256"] = named.sha256
    if output.path is None:
        return UnfinishedAtUrl(output, facts=facts, settings=settings, plan=plan)
    if existing is None:
        return Unfinished(output.path, facts=facts, settings=settings, plan=plan, patches=patches)
    existing.require_same({"entities": None, "visual_sha256": None, **facts})
    return FurtherShards(output.path, existing.manifest, facts=facts, settings=settings, plan=plan, patches=patches)


def _inputs(
    images: Sequence[CaptionedImage] | PictureShards, new: Sequence[CaptionedImage], existing: ExistingCollection | None
) -> ImageInputs:
    if isinstance(images, PictureShards):
        return ShardedImages(images)
    return ListedImages(new, first=0 if existing is None else existing.first_free)


def _store(model: LexLip, looks: VisualLexicon | None, output: Location, options: ImageOptions) -> PatchOutput | None:
    """Return the store that the run writes beside its collection; None if it writes none."""
    kept = None
    if options.patches is not None:
        kept = patch_output(model, _here(output), options.patches, options.patch_form, onto=options.update)
    if options.whole is not None:
        if kept is not None:
            raise InputError("a run writes one store: encode for --patches and for --whole apart, with --states")
        kept = whole_output(model, looks, _here(output), options.whole, onto=options.update)
    return kept


def _here(output: Location) -> Path:
    assert output.path is not None, "what needs a folder here has been refused at a URL"
    return output.path
