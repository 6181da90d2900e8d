"""`lexlip match`: how probably each caption of a captions file is about its image."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lexlip_lucene.cli.verb import Debug, Force, Json, Overrides, answer, verb
from lexlip_lucene.errors import InputError


@verb
def match(
    captions: Annotated[Path, typer.Argument(help="Captions file: .jsonl, Karpathy's .json or LexLIP's .tsv.")],
    output: Annotated[Path, typer.Option(help="File to write, a line for each caption of each image.")],
    model: Annotated[str | None, typer.Option(help="Model folder, or the name of a shipped model.")] = None,
    head: Annotated[
        Literal["lexlip", "late", "both", "maf"],
        typer.Option(help="Score: of the search, of late interaction, of both, or of MAF's head."),
    ] = "lexlip",
    split: Annotated[str | None, typer.Option(help="Take only the images of this split.")] = None,
    aside: Annotated[
        Path | None, typer.Option(help="Captions file, all right, that calibrates the probabilities.")
    ] = None,
    prior: Annotated[float, typer.Option(help="Share of the pairs that match, as is assumed.")] = 0.9,
    folds: Annotated[
        int | None, typer.Option(help="Train so many models by --recipe, each to score pairs that it has not seen.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="Encoder recipe of these models.")] = None,
    overrides: Overrides = None,
    states: Annotated[
        Path | None, typer.Option(help="Folder that keeps the backbone's states for the next run.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Reliability picture to write: .svg, .png or .webp.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds, of swapped pictures, and of MAF's head.")] = 0,
    outside: Annotated[
        bool, typer.Option("--outside", help="Read image files that lie elsewhere than below the captions file.")
    ] = False,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Say how probably captions are about their images.

    Each line of OUTPUT has the image's id, the caption's number, its score and its probability p. A model that was
    trained on a pair believes it: --folds scores each pair by a model that was not.

    \b
    Example: lexlip match captions.jsonl --model model --output pairs.jsonl
    """
    if (folds is None) == (model is None) or (folds is None) != (recipe is None):
        raise InputError("match needs --model MODEL, or --folds K with --recipe RECIPE, and not both")
    if overrides and recipe is None:
        raise InputError("--set changes a key of the recipe: name one with --recipe")
    if folds is not None and aside is not None:
        raise InputError("--aside goes with --model: each of --folds calibrates on the images that its training kept")
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.pairs.folds import match_out_of_fold
    from lexlip_lucene.pairs.match import match as match_with
    from lexlip_lucene.pairs.match_report import histogram_lines
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
    from lexlip_lucene.recipes.reading import read_recipe

    if picture is not None:
        from lexlip_lucene.pictures.reliability import require_picture

        require_picture(picture, force=force)
    common: dict[str, Any] = {
        "head": head,
        "split": split,
        "prior": prior,
        "seed": seed,
        "device": choose_device(device),
        "force": force,
        "progress": for_terminal(),
    }
    if recipe is None or folds is None:
        assert model is not None, "checked above"
        report = match_with(captions, model, output, aside=aside, cache=states, outside=outside, **common)
    else:
        changes = [*(overrides or []), *(["data.outside=true"] if outside else [])]
        read = read_recipe(recipe, EncoderRecipe, changes)
        cache = states or recipe.with_suffix("") / "states"
        report = match_out_of_fold(captions, read, output, folds=folds, cache=cache, **common)
    if picture is not None:
        from lexlip_lucene.pictures.reliability import draw_reliability

        draw_reliability([list(one.bins) for one in report.calibrations], picture, brier=report.brier)
    record = {
        "pairs": report.pairs,
        "rejected": report.rejected,
        "images": report.images,
        "unreadable": report.unreadable,
        "mean_p": report.mean_p,
        "histogram": report.histogram,
        "auc": report.auc,
        "brier": report.brier,
        "seconds": report.seconds,
        "output": output.absolute(),
    }
    lines = [
        f"{output}: {report.pairs} pairs of {report.images} images ({report.rejected} left out, of {report.unreadable} "
        f"unreadable images), mean probability {report.mean_p:.3f}, in {report.seconds:.0f} s",
        *histogram_lines(report.histogram),
        f"against swapped pictures: AUC {report.auc:.3f}, Brier score {report.brier:.3f}",
    ]
    answer(record, "\n".join(lines), as_json=json)
