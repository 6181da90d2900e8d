"""`lexlip train`: a model from an encoder recipe, or an entity tagger from its recipe."""

import os
from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.verb import Debug, Force, Json, Overrides, answer, percent, verb
from lexlip_lucene.errors import InputError


@verb
def train(
    recipe: Annotated[Path, typer.Argument(help="Encoder or tagger recipe, a YAML file as in encode/.")],
    output: Annotated[Path, typer.Option(help="Model folder to write.")],
    overrides: Overrides = None,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint of a run that was stopped; without one, begin.")
    ] = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Train a model as a recipe says.

    The best step is chosen on training images that are kept aside. The log (log.csv, TensorBoard) and the checkpoint go
    to OUTPUT.training. Under torchrun, all processes train one model together. A recipe with a part `tagger` trains an
    entity tagger instead, for lexlip tag.

    \b
    Example: lexlip train encode/flickr8k-mobilenet.yaml --output model --set roots.data=flickr8k
    """
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
    from lexlip_lucene.recipes.reading import read_recipe
    from lexlip_lucene.recipes.tagger_recipe import is_tagger_recipe

    require_replaceable(output, sign="config.json", what="a model", force=force)
    if is_tagger_recipe(recipe):
        if resume:
            raise InputError("--resume: a tagger trains in minutes and has no checkpoint: leave --resume out")
        _train_tagger(recipe, output, overrides or [], device=device, force=force, as_json=json)
        return
    read = read_recipe(recipe, EncoderRecipe, overrides or [])
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.training.run.train import train as train_model

    report = train_model(
        read,
        output,
        cache=recipe.with_suffix("") / "states",
        device=choose_device(device),
        resume=resume,
        force=force,
        progress=for_terminal(),
    )
    record = {**report._asdict(), "model": output.absolute()}
    text = (
        f"{output}: {report.images} images ({report.rejected} left out as unreadable), {report.steps} steps in "
        f"{report.seconds:.0f} s, loss {report.loss:.3f}; "
        f"best at step {report.best_step}: {percent(report.dev)} on the images kept aside"
    )
    if report.late_dev is not None:
        text += f"; re-ranked by patch vectors with mix {report.late_mix:.2f}: {percent(report.late_dev)}"
    if os.environ.get("RANK", "0") == "0":  # torchrun's number of this process: one answer for all
        answer(record, text, as_json=json)


def _train_tagger(recipe: Path, output: Path, overrides: list[str], *, device: str, force: bool, as_json: bool) -> None:
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.recipes.reading import read_recipe
    from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe

    read = read_recipe(recipe, TaggerRecipe, overrides)
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.training.tagger.train_tagger import train_tagger

    report = train_tagger(
        read,
        output,
        cache=recipe.with_suffix("") / "states",
        device=choose_device(device),
        force=force,
        progress=for_terminal(),
    )
    figures = {name: None if one is None else one._asdict() for name, one in report.figures().items()}
    record = {**report._asdict(), **figures, "model": output.absolute()}
    text = (
        f"{output}: {report.posts} posts ({report.missing} pictures missing, {report.unreadable} unreadable), "
        f"{report.steps} steps in {report.seconds:.0f} s; best at step {report.best_step}: strict F1 "
        f"{100 * report.dev.f1:.2f} on {report.aside} posts kept aside"
    )
    if report.valid is not None:
        text += f", {100 * report.valid.f1:.2f} on the valid posts"
    answer(record, text, as_json=as_json)
