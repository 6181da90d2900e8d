"""`lexlip train-visual`: visual words for a model, learned from pictures without captions."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.pictures import MAX_PIXELS, AllowTruncated, MaxPixels, Outside
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb


@verb
def train_visual(
    input: Annotated[Path, typer.Argument(help="A folder of images, or a captions file; captions are not read.")],
    output: Annotated[Path, typer.Argument(help="Model folder to write: the model, with visual words.")],
    model: Annotated[Path, typer.Option(help="Model folder, or the name of a shipped model.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A key of `visual` as recipes have it: code, size, keep, …"),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Take only the images of this split.")] = None,
    outside: Outside = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    allow_truncated: AllowTruncated = False,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Learn visual words from pictures without captions.

    A visual word is what a place of a picture looks like, as a term. OUTPUT is the same model, by which old collections
    and indexes go on, and encodes with --visual, too. Some thousand pictures are enough; they may be those that are to
    be searched.

    \b
    Example: lexlip train-visual photos/ model-visual --model photos
    """
    from lexlip_lucene.data.captions import read_captions
    from lexlip_lucene.data.image_limits import ImageLimits
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.recipes.reading import read_settings
    from lexlip_lucene.recipes.visual_recipe import VisualRecipe

    require_replaceable(output, sign="config.json", what="a model", force=force)
    recipe = read_settings(VisualRecipe, settings or [])
    limits = ImageLimits(max_pixels, allow_truncated).checked()
    images = read_captions(input, split=split, outside=outside)
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.training.visual.visual_words import add_visual, train_visual

    loaded = LexLip.from_pretrained(model, device=choose_device(device))
    lexicon = train_visual(loaded, images, recipe, limits=limits, progress=for_terminal())
    add_visual(loaded, lexicon, output, force=force)
    record = {
        "model": output.absolute(),
        "code": lexicon.form.code,
        "codes": lexicon.code.size,
        "pictures": lexicon.made_of.pictures,
        "given": len(images),
    }
    text = (
        f"{output}: {lexicon.code.size} visual words ({lexicon.form.code}) of {lexicon.made_of.pictures} pictures; "
        f"encode with `lexlip encode images PHOTOS COLLECTION --model {output} --visual`"
    )
    answer(record, text, as_json=json)
