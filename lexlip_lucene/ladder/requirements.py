"""What must hold before a ladder's hours of work begin: packages, room for the photos, a twin, photos kept apart."""

from importlib.util import find_spec

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe


def require_packages(recipe: LadderRecipe) -> None:
    """Raise InputError when a package is missing that a system of the recipe needs."""
    for key, package in (("dense", "faiss"), ("clip", "faiss"), ("seismic", "seismic")):
        if getattr(recipe, key) is not None and find_spec(package) is None:
            raise InputError(
                f"{recipe.name}: `{key}` needs the package {package}, which is not installed: pip install "
                f"'lexlip-lucene[bench]', or --set {key}=null"
            )


def require_fit(recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
    """Raise RecipeError when the recipe asks for what its photos or its encoder do not give."""
    images = len(read_captions(recipe.captions, split=recipe.split))
    if recipe.rungs[0] < images:
        raise RecipeError(
            f"{recipe.name}: the first rung must hold all {images} images that topics ask for, but it has "
            f"{recipe.rungs[0]}"
        )
    _require_twin(recipe, encoder)
    _require_kept_apart(recipe, encoder)


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
