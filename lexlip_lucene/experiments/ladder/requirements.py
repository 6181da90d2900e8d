"""What must hold before a ladder's hours of work begin: packages, a twin, photos kept apart, all files, and CLIP.

torch is loaded by what is called here, not by this module.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.topics import make_topics
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe


def require_packages(recipe: LadderRecipe) -> None:
    """Raise InputError when a package is missing that a system of the recipe needs."""
    for key, package in (("dense", "faiss"), ("clip", "faiss"), ("seismic", "seismic")):
        if getattr(recipe, key) is not None and find_spec(package) is None:
            raise InputError(
                f"{recipe.name}: `{key}` needs the package {package}, which is not installed: pip install "
                f"'lexlip-lucene[bench]', or --set {key}=null"
            )


def require_fit(recipe: LadderRecipe, encoders: Mapping[str, EncoderRecipe]) -> None:
    """Check what the recipe asks for against its encoders, by source, and the files it names, all of which are read.

    Raises:
        InputError: a file of captions or texts is missing or broken, or has no image of a split.
        RecipeError: the recipe asks for what its photos or its encoder do not give.
    """
    from lexlip_lucene.experiments.ladder.documents.plan import wanted_documents

    _require_twin(recipe, encoders[OURS])
    for encoder in encoders.values():
        _require_kept_apart(recipe, encoder)
    wanted = wanted_documents(recipe)
    images = len(wanted.targets)
    if recipe.rungs[0] < images:
        raise RecipeError(
            f"{recipe.name}: the first rung must hold all {images} images that topics ask for, but it has "
            f"{recipe.rungs[0]}"
        )
    if wanted.documents > images + len(wanted.kept) and not wanted.distractors:
        source, split = recipe.distractors.captions or recipe.captions, recipe.distractors.split
        raise RecipeError(
            f"{recipe.name}: distractors: photos are needed beside those that topics ask for, but {source} has no "
            f"other image{'' if split is None else f' of split {split!r}'}"
        )
    _require_topics(recipe, wanted.targets, recipe.split)
    if recipe.tune_split is not None:
        if not wanted.kept:
            raise RecipeError(f"{recipe.name}: tune_split {recipe.tune_split!r} has no photo but those of topics")
        _require_topics(recipe, wanted.kept, recipe.tune_split)


def require_clip(recipe: LadderRecipe) -> None:
    """Load the CLIP of the recipe, and drop it again.

    Raises:
        ModelError: it is no CLIP or SigLIP, or can't be fetched.
    """
    if recipe.clip is not None:
        from lexlip_lucene.experiments.ladder.documents.clip_vectors import clip_towers

        clip_towers(recipe.clip, "cpu")


def _require_topics(recipe: LadderRecipe, images: Sequence[CaptionedImage], split: str | None) -> None:
    try:
        make_topics(images, held_out=recipe.held_out)
    except InputError as error:
        raise RecipeError(f"{recipe.name}: held_out is {recipe.held_out}, split {split!r}: {error}") from None


def _require_twin(recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
    if recipe.dense is None:
        return
    if encoder.training.dense is None:
        raise RecipeError(
            f"{recipe.name}: `dense` needs an encoder with a dense twin: set training.dense in its recipe"
        )
    width, ivfpq = encoder.training.dense.width, recipe.dense.ivfpq
    if ivfpq is not None and width % ivfpq.bytes:
        raise RecipeError(
            f"{recipe.name}: dense.ivfpq.bytes must divide the twin's width {width}, but it is {ivfpq.bytes}"
        )


def _require_kept_apart(recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
    """Raise RecipeError when shares would be chosen on photos that are searched, or that the model was trained on."""
    if recipe.tune_split is None:
        return
    trained_on = encoder.data.split if encoder.data.captions == recipe.captions else None
    if recipe.tune_split in (recipe.split, trained_on):
        raise RecipeError(
            f"{recipe.name}: tune_split must be a split that is neither searched nor trained on, but it is "
            f"{recipe.tune_split!r}; the searched one is {recipe.split!r}, the encoder's {trained_on!r}"
        )
