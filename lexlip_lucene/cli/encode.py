"""`lexlip encode images` and `lexlip encode texts`: collections and encoded queries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.pictures import MAX_PIXELS, AllowTruncated, MaxPixels, Outside
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location, path_or_url

if TYPE_CHECKING:
    from lexlip_lucene.encode.encode import EncodeReport
    from lexlip_lucene.encode.patch_output import PatchForm

app = typer.Typer(
    help="""Encode images or texts with a model.

    \b
    Example: lexlip encode images photos/ photos-collection --model model
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)

Model = Annotated[Path, typer.Option(help="Model folder, or the name of a shipped model.")]
TopK = Annotated[int | None, typer.Option("--top-k", help="Heaviest tokens kept; the model's own unless given.")]
Bits = Annotated[int | None, typer.Option(help="Impacts in 1..2^bits-1; the model's own unless given.")]
Device = Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")]
Split = Annotated[str | None, typer.Option(help="Take only the images of this split.")]
States = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps the backbone's states for another model over the same frozen backbone."),
]
Entities = Annotated[
    Path | None,
    typer.Option(help="File of lexlip tag, with a line of each input or of its captions: its entities become terms."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume a run that was cut short; keep what is done.")]
Update = Annotated[
    bool,
    typer.Option("--update", help="Add what the collection OUTPUT lacks; what it has is not encoded again."),
]
Output = Annotated[Path, typer.Argument(help="Collection folder to write; a name in .jsonl gives encoded queries.")]


@app.command("images")
@verb
def images(
    input: Annotated[
        Location,
        typer.Argument(
            parser=path_or_url,
            help="A folder of images, a captions file, or shards (.tar, .parquet; {00..99} counts), here or at a URL.",
        ),
    ],
    output: Annotated[
        Location,
        typer.Argument(parser=path_or_url, help="Collection to write, a folder or a URL; .jsonl: encoded queries."),
    ],
    model: Model,
    top_k: TopK = None,
    bits: Bits = None,
    batch_size: Annotated[int, typer.Option(help="Images a batch.")] = 32,
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, or auto: bfloat16 where the device is fast at it.")
    ] = "auto",
    split: Split = None,
    outside: Outside = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    allow_truncated: AllowTruncated = False,
    states: States = None,
    positions: Annotated[
        bool, typer.Option("--positions", help="Also keep where in the picture each token was found, for explanations.")
    ] = False,
    patches: Annotated[
        Path | None,
        typer.Option(help="Patch store to write, for lexlip search --late; the model must have patch vectors."),
    ] = None,
    patch_code: Annotated[
        str | None, typer.Option(help="Of patch vectors: float16, int8, int4, int2 or sign; int4 unless given.")
    ] = None,
    patch_clusters: Annotated[
        int | None,
        typer.Option(
            help="Vectors a picture at most, the centres of clusters of its patches; 0: all patches; 12 unless given."
        ),
    ] = None,
    entities: Entities = None,
    visual: Annotated[
        bool, typer.Option("--visual", help="Also what pictures look like: the visual words of lexlip train-visual.")
    ] = False,
    whole: Annotated[
        Path | None,
        typer.Option(help="With --visual: store of whole-picture vectors to write, for lexlip search --whole."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Encode part I, from 0, of N; lexlip merge-collections takes all N."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Share the work over a Ray cluster; local starts one on this machine."),
    ] = None,
    update: Update = False,
    resume: Resume = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Encode images.

    Every file of a folder is an input, but for hidden ones. One that can't be read is listed in the manifest
    (OUTPUT.manifest.json) with the reason, and the run continues.
    With --update, images whose ids OUTPUT lacks are added to it, by the same model and options; a run that is cut short
    leaves it as it was, and the next one resumes.
    Shards of images are encoded one by one, so memory does not grow with their number. OUTPUT is whole once it has its
    manifest. --shard gives a scheduler's task its part.
    Several GPUs share the work under torchrun: torchrun --nproc-per-node N -m lexlip_lucene encode images …

    \b
    Example: lexlip encode images photos/ photos-collection --model model
    """
    from lexlip_lucene.data.image_folder import ImageFolder
    from lexlip_lucene.data.image_limits import ImageLimits
    from lexlip_lucene.data.remote.pictures import read_pictures
    from lexlip_lucene.progress import for_terminal

    if update and (force or resume):
        raise InputError("--update adds to a collection and resumes by itself: leave out --force and --resume")
    if not update and output.path is not None:
        _require_free(input.path, output.path, force or resume)
    if patches is None and (patch_code is not None or patch_clusters is not None):
        raise InputError("--patch-code and --patch-clusters belong to --patches STORE: give it, too, or leave them out")
    limits = ImageLimits(max_pixels, allow_truncated).checked()
    found = read_pictures(input, split=split, outside=outside)
    read, hidden = found if isinstance(found, ImageFolder) else (found, 0)
    from lexlip_lucene.encode.encode import encode_images
    from lexlip_lucene.encode.shard_plan import WHOLE, Part
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.processes import joined

    elsewhere = None
    if ray is not None:
        from lexlip_lucene.encode.ray_workers import RayWorkers

        elsewhere = RayWorkers(ray, model, input, output, split=split, outside=outside, device=device)
    with joined() as ranks:
        report = encode_images(
            LexLip.from_pretrained(model, device=choose_device(device)),
            read,
            output,
            top_k=top_k,
            bits=bits,
            batch_size=batch_size,
            precision=precision,
            force=force,
            states=states,
            positions=positions,
            patches=patches,
            patch_form=_patch_form(patch_code, patch_clusters),
            entities=entities,
            visual=visual,
            whole=whole,
            limits=limits,
            part=WHOLE if shard is None else Part.of_text(shard),
            elsewhere=elsewhere,
            resume=resume,
            update=update,
            ranks=ranks,
            progress=for_terminal(),
        )
    if ranks.first:
        _answer(report, output, "images", json, {"hidden": hidden})


@app.command("texts")
@verb
def texts(
    input: Annotated[Path, typer.Argument(help="topics.tsv, a captions file, or a caption collection folder.")],
    output: Output,
    model: Model,
    top_k: TopK = None,
    bits: Bits = None,
    batch_size: Annotated[int, typer.Option(help="Texts a batch.")] = 256,
    device: Device = "auto",
    split: Split = None,
    entities: Entities = None,
    resume: Resume = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Encode texts.

    \b
    Example: lexlip encode texts topics-val/topics.tsv queries.jsonl --model model
    """
    from lexlip_lucene.data.texts import read_texts
    from lexlip_lucene.progress import for_terminal

    _require_free(input, output, force or resume)
    read = read_texts(input, split=split)
    from lexlip_lucene.encode.encode import encode_texts
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.processes import joined

    with joined() as ranks:
        report = encode_texts(
            LexLip.from_pretrained(model, device=choose_device(device)),
            read,
            output,
            top_k=top_k,
            bits=bits,
            batch_size=batch_size,
            entities=entities,
            force=force,
            resume=resume,
            ranks=ranks,
            progress=for_terminal(),
        )
    if ranks.first:
        _answer(report, Location(output), "texts", json, {})


def _patch_form(code: str | None, clusters: int | None) -> "PatchForm":
    from lexlip_lucene.encode.patch_output import SMALL, PatchForm

    return PatchForm(SMALL.code if code is None else code, SMALL.clusters if clusters is None else clusters or None)


def _require_free(input: Path | None, output: Path, replaceable: bool) -> None:
    if input is not None and output.exists() and output.resolve() == input.resolve():
        raise OutputError(f"{output} is what is to be encoded, so it can't be the output as well: choose another name")
    require_replaceable(output, sign="part-*.jsonl", what="a collection", force=replaceable)


def _answer(report: "EncodeReport", output: Location, unit: str, as_json: bool, passed_over: dict[str, int]) -> None:
    rate = report.documents / max(report.seconds, 1e-9)
    record = {
        **report._asdict(),
        **passed_over,
        f"{unit}_per_second": rate,
        "output": output.absolute(),
    }
    present = f"{report.present} passed over (it has them already), " if report.present else ""
    rejected = f"{report.rejected} rejected (see {output.beside('.manifest.json')}), " if report.rejected else ""
    text = (
        f"{output}: {report.documents} documents ({report.empty} empty), {report.postings} postings, "
        f"{present}{rejected}in {report.seconds:.1f} s ({rate:.1f} {unit}/s)"
    )
    said = "".join(f"; {number} {name} files or folders passed over" for name, number in passed_over.items() if number)
    answer(record, text + said, as_json=as_json)
