"""`lexlip train`: a model from an encoder recipe."""

import os
from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.verb import Debug, Force, Json, Overrides, answer, percent, verb


@verb
def train(
    recipe: Annotated[Path, typer.Argument(help="Encoder recipe, a YAML file as in encode/.")],
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
    to OUTPUT.training. Under torchrun, all processes train one model together.

    \b
    Example: lexlip train encode/flickr8k-mobilenet.yaml --output model --set roots.data=flickr8k
    """
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
    from lexlip_lucene.recipes.reading import read_recipe

    require_replaceable(output, sign="config.json", what="a model", force=force)
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
