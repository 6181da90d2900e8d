"""What a ladder's documents are to be, read from the files that its recipe names; no photo is opened, no model run."""

from collections.abc import Sequence
from pathlib import Path

from lexlip_lucene.data.caption_sets import image_of
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import of_split, read_captions
from lexlip_lucene.data.image_folder import ENDINGS
from lexlip_lucene.experiments.ladder.documents.distractor_texts import read_distractor_texts
from lexlip_lucene.experiments.ladder.documents.document_batches import Wanted
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe


def wanted_documents(recipe: LadderRecipe) -> Wanted:
    """What all rungs hold together; those for tuning have as many documents without the photos asked for.

    Raises:
        InputError: a file that the recipe names can't be read, or has no image of the split.
    """
    spec = recipe.distractors
    every = read_captions(recipe.captions, outside=recipe.outside)
    targets = of_split(every, recipe.split, recipe.captions)
    kept: list[CaptionedImage] = []
    if recipe.tune_split is not None:
        kept = _without(of_split(every, recipe.tune_split, recipe.captions), targets)
    others = every if spec.captions is None else read_captions(spec.captions, outside=recipe.outside)
    photos = _without(of_split(others, spec.split, spec.captions or recipe.captions), [*targets, *kept])
    beside = 0 if not kept else recipe.rungs[0] if photos else len(kept)
    return Wanted(
        targets,
        kept,
        photos,
        max(recipe.rungs[-1], len(targets) + beside),
        recipe.held_out,
        recipe.cuts(),
        spec,
        read_distractor_texts(spec.texts, [image.id for image in every], spec.seed),
        recipe.tune_split is not None,
        recipe.dense is not None,
    )


def _without(images: Sequence[CaptionedImage], others: Sequence[CaptionedImage]) -> list[CaptionedImage]:
    """Leave out the images that `others` has: by their names, without folder and ending, as `caption_sets` does."""
    there = {_name_of(image) for image in others}
    return [image for image in images if _name_of(image) not in there]


def _name_of(image: CaptionedImage) -> str:
    return image_of(Path(image.id).stem if Path(image.id).suffix.lower() in ENDINGS else image.id)
