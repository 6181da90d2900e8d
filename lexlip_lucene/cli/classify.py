"""`lexlip classify`: images sorted into labels that no training image had, by their sparse scores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from lexlip_lucene.cli.pictures import MAX_PIXELS, AllowTruncated, MaxPixels, Outside
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, percent, verb
from lexlip_lucene.errors import InputError, OutputError

if TYPE_CHECKING:
    from lexlip_lucene.data.captions import CaptionedImage
    from lexlip_lucene.encode.zero_shot import Prediction, ZeroShotReport

LINES_SHOWN = 20
"""Images that are printed without --output: a screen of them."""


@verb
def classify(
    images: Annotated[Path, typer.Argument(help="A folder of images, or a captions file.")],
    labels: Annotated[Path, typer.Option(help="Labels, one a line: label, or label TAB words for the prompts.")],
    model: Annotated[Path, typer.Option(help="Model folder, or the name of a shipped model.")],
    prompts: Annotated[
        Path | None, typer.Option(help="Prompts, one a line, {} where the words go; 'a photo of a {}.' unless given.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="True labels, image id TAB label; a folder's own folders unless given.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write, .jsonl, one line an image.")] = None,
    late: Annotated[
        bool, typer.Option("--late", help="Score by late interaction; the model must have patch vectors.")
    ] = False,
    k: Annotated[int, typer.Option("-k", help="Labels listed an image.")] = 5,
    batch_size: Annotated[int, typer.Option(help="Images a batch.")] = 32,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, or auto: bfloat16 where the device is fast at it.")
    ] = "auto",
    split: Annotated[str | None, typer.Option(help="Take only the images of this split.")] = None,
    outside: Outside = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    allow_truncated: AllowTruncated = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Find the label of each image, without training for it.

    The score of a label is the mean over the prompts of their integer dot products with the image; ties go to the
    label that comes earlier in the file, and labels that score 0 are not listed. With --late it is the mean over the
    prompts of their late scores, from -1 to 1: each token keeps its best patch, and their weighted mean counts. A
    label without a word that the model has a vector for is not listed then. Top-1 and top-5 are over the images whose
    true label is known: from --truth, or because the image is below a folder that is named as a label.

    \b
    Example: lexlip classify photos/ --labels labels.txt --model model --output classes.jsonl
    """
    from lexlip_lucene.data.image_limits import ImageLimits
    from lexlip_lucene.data.labels import read_labels
    from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, read_prompts
    from lexlip_lucene.progress import for_terminal

    _check(output, [images, labels, prompts, truth], k, batch_size, force=force)
    classes = read_labels(labels)
    templates = read_prompts(prompts) if prompts is not None else DEFAULT_PROMPTS
    limits = ImageLimits(max_pixels, allow_truncated).checked()
    chosen, known = _images(images, split, truth, [label.name for label in classes], outside=outside)

    from lexlip_lucene.encode.arithmetic import choose_arithmetic
    from lexlip_lucene.encode.late_labels import encode_late_labels
    from lexlip_lucene.encode.zero_shot import classify_images, encode_labels
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.query.late_query import LateQuery

    query = LateQuery(model) if late else None
    loaded = LexLip.from_pretrained(model, device=choose_device(device))
    arithmetic = choose_arithmetic(loaded.device, inputs=len(chosen), precision=precision)
    vectors = (
        encode_labels(loaded, classes, templates=templates, progress=for_terminal())
        if query is None
        else encode_late_labels(query, classes, templates=templates, progress=for_terminal())
    )
    shown: list[str] = []
    with _kept(output, shown, 3 if late else 1, force) as keep:
        report = classify_images(
            loaded,
            chosen,
            vectors,
            keep,
            truth=known,
            k=k,
            batch_size=batch_size,
            arithmetic=arithmetic,
            limits=limits,
            progress=for_terminal(),
        )
    record = {
        "images": len(chosen),
        "labels": len(classes),
        "labels_without_tokens": vectors.empty,
        "prompts": vectors.prompts,
        "late": late,
        **_record(report),
        "output": None if output is None else output.absolute(),
    }
    answer(record, "\n".join([*shown, _as_text(report, len(chosen), len(classes), output)]), as_json=json)


def _check(output: Path | None, inputs: list[Path | None], k: int, batch_size: int, *, force: bool) -> None:
    """Refuse before any work what would be refused after it."""
    from lexlip_lucene.files.written import require_writable

    for name, value in (("-k", k), ("--batch-size", batch_size)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if output is None:
        return
    if output.exists() and output.resolve() in {path.resolve() for path in inputs if path is not None}:
        raise OutputError(f"{output} is what is to be read, so it can't be the output as well: choose another name")
    require_writable(output, force=force)


def _images(
    source: Path, split: str | None, truth: Path | None, labels: list[str], *, outside: bool
) -> tuple[list["CaptionedImage"], dict[str, str]]:
    """Return the images and image id → true label; a truth file may speak of the other splits as well."""
    from lexlip_lucene.data.captions import read_captions
    from lexlip_lucene.data.label_truth import read_truth, truth_of_folders

    images = read_captions(source, split=split, outside=outside)
    if truth is not None:
        every = images if split is None else read_captions(source)
        return images, read_truth(truth, ids=[image.id for image in every], labels=labels)
    return images, truth_of_folders([image.id for image in images], labels) if source.is_dir() else {}


@contextmanager
def _kept(output: Path | None, shown: list[str], places: int, force: bool) -> Iterator[Callable[["Prediction"], None]]:
    """Give what takes each prediction: a line of `output`, or without one the first of them for a person.

    `places` are the decimal places of a score that a person sees.
    """
    from lexlip_lucene.files.written import written_file

    if output is None:
        yield lambda found: shown.append(_shown(found, places)) if len(shown) < LINES_SHOWN else None
        return
    with written_file(output, force=force) as file:

        def write(found: "Prediction") -> None:
            file.write(orjson.dumps(_line(found), option=orjson.OPT_APPEND_NEWLINE))

        yield write


def _record(report: "ZeroShotReport") -> dict[str, Any]:
    return {
        "classified": report.classified,
        "without_labels": report.without_labels,
        "rejected": len(report.rejected),
        "rejected_images": [one._asdict() for one in report.rejected],
        "known": report.known,
        **report.figures,
        "seconds": report.seconds,
    }


def _line(found: "Prediction") -> dict[str, Any]:
    line: dict[str, Any] = {"id": found.id, "labels": [scored._asdict() for scored in found.labels]}
    return line if found.truth is None else {**line, "truth": found.truth}


def _shown(found: "Prediction", places: int) -> str:
    best = ", ".join(f"{scored.label} {scored.score:.{places}f}" for scored in found.labels)
    truth = "" if found.truth is None else f"   (truth: {found.truth})"
    return f"{found.id}: {best or 'no label'}{truth}"


def _as_text(report: "ZeroShotReport", images: int, labels: int, output: Path | None) -> str:
    more = report.classified - LINES_SHOWN
    where = f"{output}: " if output is not None else f"… and {more} more, --output FILE has all\n" if more > 0 else ""
    counts = (
        f"{report.classified} of {images} images classified ({report.without_labels} without a label, "
        f"{len(report.rejected)} rejected), {labels} labels, in {report.seconds:.1f} s"
    )
    known = {name: value for name, value in report.figures.items() if value is not None}
    figures = f"{percent(known)}   (percent, {report.known} images whose label is known)" if known else "no truth known"
    return f"{where}{counts}\n{figures}"
