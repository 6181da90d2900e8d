"""Checks before a ladder's hours of work begin: names, packages, photos kept apart, all files, and CLIP.

torch is loaded by the functions, not by this module.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.topics import make_topics
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.ladder.documents.plan import planned_documents
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25
from lexlip_lucene.experiments.ladder.systems.registry import kinds
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_expect import MIXES
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe, is_point, lexlip_name


def require_names(recipe: LadderRecipe) -> None:
    """Raise RecipeError if `systems`, `up_to` or `expect` names a system that no kind has."""
    _require_known(recipe, "systems", recipe.systems, [kind.key for kind in kinds() if kind.key is not None])
    names = [*(name for kind in kinds() for name in kind.colours), *map(lexlip_name, recipe.points)]
    _require_known(recipe, "up_to", recipe.up_to, names)
    for name in recipe.up_to:
        if name in (BM25, recipe.main):
            raise RecipeError(f"{recipe.name}: up_to: {name!r} is at every rung: other systems build on it")
    # A point may be left out of a run by --set, and then its figures are not measured.
    expected = dict.fromkeys(name.system for name in recipe.expect if name.system not in ("", MIXES))
    _require_known(recipe, "expect", [name for name in expected if not is_point(name)], names)


def _require_known(recipe: LadderRecipe, key: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known systems are {', '.join(known)}"
            if key == "systems":
                hint += "; register a kind of your own before the run, as examples/add_a_system.py does"
            raise RecipeError(f"{recipe.name}: {key}: no system {name!r}: {hint}")


def require_packages(recipe: LadderRecipe) -> None:
    """Raise InputError if a package that a system of the recipe needs is missing."""
    needed = ((key, package) for kind in kinds() for key, package in kind.packages(recipe).items())
    for key, package in needed:
        if find_spec(package) is None:
            raise InputError(
                f"{recipe.name}: `{key}` needs the package {package}, which is not installed: pip install "
                f"'lexlip-lucene[bench]', or --set {key}=null"
            )


def require_fit(recipe: LadderRecipe, encoders: Mapping[str, EncoderRecipe]) -> None:
    """Check the recipe against its encoders, by source, and read all files that it names.

    Raises:
        InputError: a file of captions or texts is missing or broken, or has no image of a split.
        RecipeError: the recipe needs more than its photos or its encoder give.
    """
    for kind in kinds():
        kind.require(recipe, encoders[OURS])
    for encoder in encoders.values():
        _require_kept_apart(recipe, encoder)
    plan = planned_documents(recipe)
    images = len(plan.targets)
    if recipe.rungs[0] < images:
        raise RecipeError(
            f"{recipe.name}: the first rung must hold all {images} images that topics ask for, but it has "
            f"{recipe.rungs[0]}"
        )
    if plan.documents > images + len(plan.kept) and not plan.distractors:
        source, split = recipe.distractors.captions or recipe.captions, recipe.distractors.split
        raise RecipeError(
            f"{recipe.name}: distractors: photos are needed beside those that topics ask for, but {source} has no "
            f"other image{'' if split is None else f' of split {split!r}'}"
        )
    _require_topics(recipe, plan.targets, recipe.split)
    if recipe.tune_split is not None:
        if not plan.kept:
            raise RecipeError(f"{recipe.name}: tune_split {recipe.tune_split!r} has no photo but those of topics")
        _require_topics(recipe, plan.kept, recipe.tune_split)


def require_clip(recipe: LadderRecipe) -> None:
    """Load the CLIP of the recipe, if any, and drop it again.

    Raises:
        ModelError: it is not a CLIP or SigLIP, or can't be fetched.
    """
    if recipe.clip is not None:
        from lexlip_lucene.experiments.ladder.documents.clip_vectors import clip_towers

        clip_towers(recipe.clip, "cpu")


def _require_topics(recipe: LadderRecipe, images: Sequence[CaptionedImage], split: str | None) -> None:
    try:
        make_topics(images, held_out=recipe.held_out)
    except InputError as error:
        raise RecipeError(f"{recipe.name}: held_out is {recipe.held_out}, split {split!r}: {error}") from None


def _require_kept_apart(recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
    """Raise RecipeError if shares would be chosen on photos that are searched, or that the model was trained on."""
    if recipe.tune_split is None:
        return
    trained_on = encoder.data.split if encoder.data.captions == recipe.captions else None
    if recipe.tune_split in (recipe.split, trained_on):
        raise RecipeError(
            f"{recipe.name}: tune_split must be a split that is neither searched nor trained on, but it is "
            f"{recipe.tune_split!r}; the searched one is {recipe.split!r}, the encoder's {trained_on!r}"
        )
