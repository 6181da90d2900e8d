"""The arms of the table: one training each, over noisy captions of the same pictures, filtered or weighed.

Pictures are read and run through the frozen backbone once for all; `with_captions` gives what `prepare` would give.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.training_recipe import PairsRecipe
from lexlip_lucene.training.examples.chosen_pairs import chosen_pairs
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import ImageSource
from lexlip_lucene.training.expander.kept import lexicon_texts
from lexlip_lucene.training.run.job import TrainingJob
from lexlip_lucene.training.run.selection import measure_aside
from lexlip_lucene.training.start.starting import make_vocabulary

Arm = Literal["clean", "noisy", "filtered", "soft", "random", "oracle"]

ARMS: tuple[Arm, ...] = ("clean", "noisy", "filtered", "soft", "random", "oracle")


def pairs_of(arm: Arm, matches: Path, truth: Path, chance: Path, keep: float) -> PairsRecipe | None:
    """Return what `training.pairs` is in an arm.

    Args:
        arm: the arm.
        matches: the file of `lexlip match`.
        truth: the file of the truth.
        chance: a file of random probabilities.
        keep: share of the pairs that a filter keeps.
    """
    files = {"filtered": matches, "random": chance, "oracle": truth}
    if arm in files:
        return PairsRecipe(filter=files[arm], keep=keep)
    return PairsRecipe(weights=matches) if arm == "soft" else None


def seeded(recipe: EncoderRecipe, seed: int, pairs: PairsRecipe | None, *, late: bool) -> EncoderRecipe:
    """Return the recipe with a seed, pairs, and a late head only if asked for; it has no final run."""
    changes = {"training": recipe.training.model_copy(update={"seed": seed, "pairs": pairs})}
    without = {} if late else {"late": None}
    data = {"data": recipe.data.model_copy(update={"final_run": False})}
    return recipe.model_copy(update={**changes, **without, **data})


def with_captions(
    job: TrainingJob, images: Sequence[CaptionedImage], recipe: EncoderRecipe, folder: Path
) -> TrainingJob:
    """Return the job of `recipe` over the same pictures with other captions.

    Args:
        job: over all pictures.
        images: the job's, in its order, with other captions.
        recipe: the job's, with another seed or other pairs.
        folder: for its logs.
    """
    chosen = chosen_pairs(images, recipe, job.progress)
    vocabulary = make_vocabulary(recipe, chosen.images, chosen.trained, lexicon_texts(recipe))
    return replace(
        job,
        recipe=recipe,
        images=chosen.images,
        source=job.source.some(chosen.numbers),
        vocabulary=vocabulary,
        kept_aside=chosen.aside,
        weights=chosen.weights,
        folder=folder,
    )


def recall_of(model: LexLip, source: ImageSource, images: Sequence[CaptionedImage]) -> dict[str, float]:
    """Return text→image recall in 0..1 over all captions of `images`, cut and quantised as a training chooses by it."""
    captions = CaptionTokens.of(images, model.tokenizer, model.config.text.max_length)
    return measure_aside(model.eval(), source, captions, np.arange(len(images))).recall
