"""From an encoder recipe to a model folder: read, start, train, choose, calibrate, save."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.model_config import Ceilings
from lexlip_lucene.errors import InputError
from lexlip_lucene.files import require_absent
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.card import model_card
from lexlip_lucene.training.examples import CaptionWords, split_aside
from lexlip_lucene.training.loop import Trainer
from lexlip_lucene.training.sources import ImageSource, frozen_states, load_pictures, weights_of
from lexlip_lucene.training.starting import Vocabulary, captions_of, compute_start, make_model, make_vocabulary
from lexlip_lucene.vectors.quantise import calibrate_ceiling

CALIBRATION_IMAGES = 2000
"""Images (and their captions) whose weights the scale is calibrated on."""


class TrainReport(NamedTuple):
    """What a training came to. `dev`: recall on the images kept aside at the chosen step, as fractions."""

    steps: int
    best_step: int
    seconds: float
    loss: float
    dev: dict[str, float]
    tokens_per_image: float
    images: int
    rejected: int


def train(
    recipe: EncoderRecipe,
    output: Path,
    *,
    cache: Path | None = None,
    device: str = "cpu",
    force: bool = False,
    progress: Progress = SILENT,
) -> TrainReport:
    """Train as `recipe` says and write the model folder `output`.

    Args:
        recipe: the encoder recipe.
        output: the model folder to write.
        cache: a folder that keeps a frozen backbone's states between runs; None: don't keep them.
        device: a torch device.
        force: overwrite `output`.
        progress: told about every stage.

    Raises:
        InputError: the data can't be read, or has too few images.
        ModelError: a tower can't be loaded.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    require_absent(output, force=force)
    begun = time.monotonic()
    images = read_captions(recipe.data.captions, split=recipe.data.split)
    pictures, readable, rejected = load_pictures(images, recipe.image.size, progress)
    for line in rejected:
        progress.note(f"left out: {line}")
    images = [images[number] for number in readable]
    trained, aside = split_aside(len(images), recipe.data.keep_aside, recipe.training.seed)
    vocabulary = make_vocabulary(recipe, images, trained)
    model = _fresh(recipe, vocabulary, images, trained).to(device)
    source: ImageSource = pictures
    if recipe.image.frozen:
        source = frozen_states(model, pictures, mirrored=recipe.image.flip, cache=cache, progress=progress)
    outcome = _trainer(recipe, source, vocabulary, model, trained, aside, progress).run()
    model.load_state_dict(outcome.best)
    if outcome.best_aside is None:
        raise InputError("data.keep_aside must be at least 1: the best step is chosen on the images kept aside")
    if recipe.data.final_run and outcome.best_step:
        everything = np.arange(len(images))
        model = _fresh(recipe, vocabulary, images, everything).to(device)
        share = outcome.best_step / outcome.steps
        progress.note(f"final run on all {len(images)} images, {100 * share:.0f} % of the steps")
        final = _trainer(recipe, source, vocabulary, model, everything, None, progress).run(stop_after=share)
        model.load_state_dict(final.best)
    _calibrate(model, source, images, trained)
    report = TrainReport(
        steps=outcome.steps,
        best_step=outcome.best_step,
        seconds=time.monotonic() - begun,
        loss=outcome.loss,
        dev=outcome.best_aside.recall,
        tokens_per_image=outcome.best_aside.tokens_per_image,
        images=len(images),
        rejected=len(rejected),
    )
    model.save_pretrained(output, card=model_card(recipe, report._asdict()), force=force)
    return report


def _fresh(
    recipe: EncoderRecipe, vocabulary: Vocabulary, images: Sequence[CaptionedImage], trained: NDArray[np.int64]
) -> LexLip:
    return make_model(recipe, vocabulary, captions_of(images, trained))


def _trainer(
    recipe: EncoderRecipe,
    source: ImageSource,
    vocabulary: Vocabulary,
    model: LexLip,
    trained: NDArray[np.int64],
    aside: NDArray[np.int64] | None,
    progress: Progress,
) -> Trainer:
    """Compute the model's start and lay out a run over the images `trained`."""
    compute_start(model, recipe, source, vocabulary.captions, trained)
    words = CaptionWords.of(model, vocabulary.captions, trained) if recipe.training.word_loss else None
    return Trainer(model, recipe, source, vocabulary.captions, trained, aside, words, progress)


def _calibrate(
    model: LexLip, source: ImageSource, images: Sequence[CaptionedImage], trained: NDArray[np.int64]
) -> None:
    """Fix the scale of both sides on training images and their captions, once."""
    model.eval()
    sample = trained[:: max(1, len(trained) // CALIBRATION_IMAGES)]
    image_weights = weights_of(model, source, sample).numpy()
    with torch.inference_mode():
        texts = [model.text_weights(list(images[number].captions)).cpu() for number in sample]
    model.with_ceilings(
        Ceilings(image=calibrate_ceiling(image_weights), text=calibrate_ceiling(torch.cat(texts).numpy()))
    )
