"""The plan of a ladder's documents, from the files that its recipe names; no photo is opened, no model run."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.caption_sets import image_of
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import of_split, read_captions
from lexlip_lucene.data.image_folder import ENDINGS
from lexlip_lucene.experiments.ladder.documents.distractor_texts import DistractorTexts, read_distractor_texts
from lexlip_lucene.recipes.ladder_recipe import DistractorSpec, LadderRecipe


class DocumentPlan(NamedTuple):
    """The documents of a store: `targets`, then `kept`, `distractors`, and mixes of the distractors up to `documents`.

    `cuts` are the numbers of tokens that can be kept of a document later, the largest first. With `encode_texts` the
    texts' own vectors are kept as well, with `dense` the dense twin's, with `patches` the late head's.
    """

    targets: Sequence[CaptionedImage]
    kept: Sequence[CaptionedImage]
    distractors: Sequence[CaptionedImage]
    documents: int
    held_out: int
    cuts: Sequence[int]
    mix: DistractorSpec
    texts: DistractorTexts
    encode_texts: bool
    dense: bool
    patches: bool = False


def planned_documents(recipe: LadderRecipe) -> DocumentPlan:
    """Return the plan of the documents of all rungs, and of those that shares are chosen on.

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
    # Shares are chosen among as many documents as a rung has, without the targets.
    beside = 0 if not kept else recipe.rungs[0] if photos else len(kept)
    return DocumentPlan(
        targets=targets,
        kept=kept,
        distractors=photos,
        documents=max(recipe.rungs[-1], len(targets) + beside),
        held_out=recipe.held_out,
        cuts=recipe.cuts(),
        mix=spec,
        texts=read_distractor_texts(spec.texts, [image.id for image in every], spec.seed),
        encode_texts=recipe.tune_split is not None,
        dense=recipe.dense is not None,
        patches=recipe.systems.get("late") is not None,
    )


def _without(images: Sequence[CaptionedImage], others: Sequence[CaptionedImage]) -> list[CaptionedImage]:
    """Leave out the images that `others` has, by their names without folder and ending, as `caption_sets` does."""
    names = {_name_of(image) for image in others}
    return [image for image in images if _name_of(image) not in names]


def _name_of(image: CaptionedImage) -> str:
    return image_of(Path(image.id).stem if Path(image.id).suffix.lower() in ENDINGS else image.id)
