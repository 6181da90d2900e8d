"""From pictures to a visual lexicon: the states of their places, a code fitted on them, idf and scale."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.states_pass import StatesPass
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, config_bytes
from lexlip_lucene.encoders.model.model_files import copy_further, files_of
from lexlip_lucene.encoders.model.pixels import load_groups
from lexlip_lucene.encoders.visual.backbone_identity import backbone_sha256
from lexlip_lucene.encoders.visual.visual_file import VISUAL_CODES, visual_bytes
from lexlip_lucene.encoders.visual.visual_lexicon import Provenance, VisualLexicon, completed
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.words.visual_words import VISUAL_FILE

AT_ONCE = 32


def train_visual(
    model: LexLip,
    images: Sequence[CaptionedImage],
    recipe: VisualRecipe | None = None,
    *,
    limits: ImageLimits = LIMITS,
    progress: Progress = SILENT,
) -> VisualLexicon:
    """Learn visual words from pictures; captions are not read, and the model is not changed.

    The states of all places are in memory at once, in half precision: 6,000 pictures of 7 × 7 places of 1,280 numbers
    take 0.75 GB. Pictures that can't be read are passed over.

    Args:
        model: its backbone sees the pictures.
        images: more than `recipe.pictures` are thinned out evenly.
        recipe: the settings; the defaults unless given.
        limits: which pictures are read.
        progress: receives every stage.

    Raises:
        InputError: no picture can be read, there are too few for the codes, or the model's lexicon has a token like a
            visual word.
    """
    recipe = VisualRecipe() if recipe is None else recipe
    chosen = thinned(images, recipe.pictures)
    places = places_of(model.image.tower, chosen, size=model.config.image.size, limits=limits, progress=progress)
    lexicon = fitted(places, recipe, backbone_sha256(model.image.tower), progress=progress)
    lexicon.require_apart(model.lexicon)
    return lexicon


def fitted(places: Tensor, recipe: VisualRecipe, backbone: str, *, progress: Progress = SILENT) -> VisualLexicon:
    """Return the visual lexicon of pictures with these places (pictures, places, width) fp16; errors as above."""
    code = VISUAL_CODES[recipe.code].fit(places.flatten(0, 1), recipe, seed=recipe.seed, progress=progress)
    with torch.inference_mode():
        strengths = torch.cat([code.strengths(some.float()) for some in places.split(AT_ONCE)])
    made_of = Provenance(backbone, len(places))
    return completed(recipe.form(), code, strengths, made_of, with_idf=recipe.idf)


def thinned(images: Sequence[CaptionedImage], most: int) -> list[CaptionedImage]:
    """Return at most `most` images, evenly spread over all."""
    count = min(most, len(images))
    return [images[number * len(images) // count] for number in range(count)]


def places_of(
    tower: ImageTower, images: Sequence[CaptionedImage], *, size: int, limits: ImageLimits, progress: Progress
) -> Tensor:
    """Return the states of every place (pictures, places, width) fp16 of the pictures that can be read.

    Raises:
        InputError: none can.
    """
    device = next(tower.parameters()).device
    run = StatesPass(tower.eval(), device, Arithmetic(), batch_size=AT_ONCE, places=True)
    found: list[Tensor] = []
    groups = [images[begin : begin + AT_ONCE] for begin in range(0, len(images), AT_ONCE)]
    batches = load_groups(groups, size=size, limits=limits)
    for batch in progress.track(batches, f"places of pictures (batches of {AT_ONCE})", len(groups)):
        readable = [picture for picture in batch if isinstance(picture, Tensor)]
        if readable:
            found.append(run.seen(torch.stack(readable)).places.half().cpu())
    if not found:
        raise InputError(f"visual words are learned from pictures, but none of {len(images)} can be read")
    return torch.cat(found)


def add_visual(model: LexLip, lexicon: VisualLexicon, output: Path, *, force: bool = False) -> None:
    """Write a copy of a model's folder with visual words: all other files stay as they are, byte for byte.

    Raises:
        OutputError: `output` exists and `force` is off, or can't be written.
        ModelError: the model is in no folder, or a file of it is not the one that was written.
    """
    if model.folder is None:
        raise ModelError(f"model {model.config.name} is in no folder yet: save it first")
    kept = {name: digest for name, digest in model.config.files.items() if name != VISUAL_FILE}
    with written_folder(output, force=force) as partial:
        copy_further(model.folder, partial, kept, CONFIG_FILE)
        (partial / VISUAL_FILE).write_bytes(visual_bytes(lexicon))
        config = model.config.model_copy(update={"files": files_of(partial, but=CONFIG_FILE)})
        (partial / CONFIG_FILE).write_bytes(config_bytes(config))
