"""Every pair of a captions file, scored by a model that has not seen it: what `lexlip match --folds` does.

The images are dealt into K folds. For each, a model is trained by a recipe on the others, and scores the fold's pairs.
The images that this model's training keeps aside calibrate its probabilities. A frozen backbone runs once for all.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.evaluate.platt import Floats
from lexlip_lucene.files.written import require_writable, temporary_name
from lexlip_lucene.pairs.encoded import Encoded, Numbers, encode_pairs
from lexlip_lucene.pairs.judged import PRIOR, Calibration, Judged, judged, make_scorer
from lexlip_lucene.pairs.match_report import MatchReport, report_of
from lexlip_lucene.pairs.scorer import Head, PairScorer
from lexlip_lucene.pairs.written import require_prior, write_matches
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.examples import CaptionTokens, split_aside
from lexlip_lucene.training.expander.kept import lexicon_texts
from lexlip_lucene.training.losses.parts import Teaching
from lexlip_lucene.training.run.job import TrainingJob, prepare
from lexlip_lucene.training.start.caption_states import CaptionStates, caption_states
from lexlip_lucene.training.start.starting import captions_of, make_vocabulary


class Fold(NamedTuple):
    """A fold's model with its pictures and captions encoded.

    Attributes:
        images: numbers of the fold's images; they are the first pictures of `encoded`.
        aside: numbers of the images that were kept aside in the model's training; the pictures after those.
        encoded: the pictures of both, and all captions of the job.
        own: (captions,) the picture of each caption in `encoded`; −1: its picture is not among them.
    """

    images: Numbers
    aside: Numbers
    encoded: Encoded
    own: Numbers

    @property
    def scored(self) -> Numbers:
        """Numbers of the captions of the fold's own images."""
        return np.flatnonzero((self.own >= 0) & (self.own < len(self.images)))

    @property
    def calibrating(self) -> Numbers:
        """Numbers of the captions of the images kept aside."""
        return np.flatnonzero(self.own >= len(self.images))

    def judged(self, scorer: PairScorer, *, prior: float = PRIOR, seed: int = 0) -> Judged:
        """Judge the fold's pairs; those of the images kept aside calibrate. Of either, the share `prior` matches."""
        return judged(scorer, self.own, self.scored, self.calibrating, prior=prior, purity=prior, seed=seed)


class Scored(NamedTuple):
    """Scores and probabilities (captions,) of a job's captions, and the calibration of each fold."""

    scores: Floats
    p: Floats
    calibrations: list[Calibration]


def match_out_of_fold(
    captions: Path | str,
    recipe: EncoderRecipe,
    output: Path | str,
    *,
    folds: int,
    head: Head = "lexlip",
    split: str | None = None,
    prior: float = PRIOR,
    seed: int = 0,
    cache: Path | str | None = None,
    device: str = "cpu",
    force: bool = False,
    progress: Progress = SILENT,
) -> MatchReport:
    """Score every pair of `captions` with a model that was trained without it, and write the file `output`.

    Args:
        captions: a captions file, which takes the place of the recipe's own.
        recipe: of the models; of `data`, `final_run` does not count.
        output: the file to write.
        folds: models that are trained, 2 or more.
        head: as in `match`.
        split: the images to train on and to score; None: the recipe's.
        prior: as in `match`.
        seed: of the folds, and as in `match`.
        cache: as in `training.run.train.train`: it keeps a frozen backbone's states, for trainings as well.
        device: a torch device.
        force: replace `output`.
        progress: receives every stage.

    Returns:
        The counts, and the calibration of each fold.

    Raises:
        InputError: as in `match`, or there are more folds than images.
        RecipeError: the recipe filters pairs, or lacks the late head that the kind of score needs.
        LexlipError: whatever training raises.
    """
    begun, output = time.monotonic(), Path(output)
    require_prior(prior)
    require_writable(output, force=force)
    recipe = recipe_for_folds(recipe, Path(captions), split, head)
    kept = None if cache is None else Path(cache)
    job = prepare(recipe, output, device=device, cache=kept, progress=progress)
    work = temporary_name(output).with_suffix(".folds")
    found = scored_folds(job, folds, head=head, prior=prior, seed=seed, folder=work)
    write_matches(output, job.images, found.scores, found.p, force=force)
    listed = read_captions(recipe.data.captions, split=recipe.data.split, outside=recipe.data.outside)
    return report_of(listed, job.images, found.p, found.calibrations, time.monotonic() - begun)


def scored_folds(
    job: TrainingJob, folds: int, *, head: Head, prior: float = PRIOR, seed: int = 0, folder: Path
) -> Scored:
    """Score the captions of a job by models that have not seen them; arguments are those of `trained_folds`."""
    first = np.cumsum([0, *(len(image.captions) for image in job.images)])
    scores, p, calibrations = np.zeros(first[-1]), np.zeros(first[-1]), []
    for fold in trained_folds(job, folds, seed=seed, folder=folder):
        scorer = make_scorer(head, fold.encoded, fold.own, seed=seed, progress=job.progress)
        result = fold.judged(scorer, prior=prior, seed=seed)
        scores[fold.scored], p[fold.scored] = result.scores, result.p
        calibrations.append(result.calibration)
    return Scored(scores, p, calibrations)


def recipe_for_folds(recipe: EncoderRecipe, captions: Path, split: str | None, head: Head) -> EncoderRecipe:
    """Return the recipe over another captions file, without a final run.

    Raises:
        RecipeError: it filters pairs, or lacks the late head that `head` needs.
    """
    if recipe.training.pairs is not None:
        raise RecipeError("--folds makes what training.pairs reads: leave training.pairs out of the recipe")
    if head != "lexlip" and recipe.late is None:
        raise RecipeError(
            f"--head {head} needs a model with a late head: set late in the recipe, or take --head lexlip"
        )
    changes: dict[str, Any] = {"captions": captions, "final_run": False}
    if split is not None:
        changes["split"] = split
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=changes)})


def trained_folds(job: TrainingJob, folds: int, *, seed: int, folder: Path) -> Iterator[Fold]:
    """Train a model for each fold, and yield the fold encoded by it; one model is in memory at a time.

    Args:
        job: over all images.
        folds: 2 or more.
        seed: of the dealing.
        folder: takes logs and checkpoints while a fold trains, and is removed at the end.

    Raises:
        InputError: fewer than 2 folds, or more than images.
    """
    count = len(job.images)
    if not 2 <= folds <= count:
        raise InputError(f"--folds must be 2 or more, and at most the number of images, {count}: got {folds}")
    for number, dealt in enumerate(np.array_split(np.random.default_rng([seed, 4]).permutation(count), folds)):
        fold = np.sort(dealt)
        job.progress.note(f"fold {number + 1} of {folds}: {len(fold)} images to score, {count - len(fold)} to train on")
        others = np.setdiff1d(np.arange(count), fold)
        part = part_of(job, others, folder / str(number))
        model = part.trained(resume=False).model
        yield encoded_fold(job, model, fold, others[part.kept_aside])
    shutil.rmtree(folder, ignore_errors=True)


def encoded_fold(job: TrainingJob, model: LexLip, fold: Numbers, aside: Numbers) -> Fold:
    """Encode the images `fold` and `aside` of a job with a model."""
    pictures = np.concatenate([fold, aside])
    tokens = CaptionTokens.of(job.images, model.tokenizer, model.config.text.max_length)
    place = np.full(len(job.images), -1)
    place[pictures] = np.arange(len(pictures))
    texts = captions_of(job.images, np.arange(len(job.images)))
    sentences = _sentences(job, model, texts)
    encoded = encode_pairs(model, job.source, pictures, tokens, texts, sentences)
    return Fold(fold, aside, encoded, np.repeat(place, tokens.counts))


def part_of(job: TrainingJob, images: Numbers, folder: Path) -> TrainingJob:
    """Return the job over only the images with these numbers, which count from 0 there.

    The best step is chosen on some of them, as the recipe says; the vocabulary knows only those trained on.
    """
    recipe = job.recipe
    chosen = [job.images[number] for number in images]
    trained, aside = split_aside(len(chosen), recipe.data.keep_aside, recipe.training.seed)
    vocabulary = make_vocabulary(recipe, chosen, trained, lexicon_texts(recipe))
    numbers, _ = job.vocabulary.captions.numbers_of(images)
    texts = captions_of(chosen, np.arange(len(chosen)))
    states = None
    if recipe.late is not None and recipe.late.sentences is not None:
        states = caption_states(
            recipe.late.sentences,
            vocabulary.tokenizer,
            recipe.text.max_length,
            texts,
            cache=job.cache,
            progress=job.progress,
        )
    return replace(
        job,
        images=chosen,
        source=job.source.some(images),
        vocabulary=vocabulary,
        kept_aside=aside,
        teachers={name: Renumbered(teacher, images, numbers) for name, teacher in job.teachers.items()},
        caption_states=states,
        folder=folder,
    )


class Renumbered(NamedTuple):
    """A teacher of some of a job's images and captions, which count from 0 here."""

    teacher: Teaching
    images: Numbers
    captions: Numbers

    def similarity(self, images: NDArray[Any], captions: NDArray[Any]) -> Tensor:
        """Return the similarities (captions, images) float32."""
        return self.teacher.similarity(self.images[images], self.captions[captions])


def _sentences(job: TrainingJob, model: LexLip, texts: Sequence[str]) -> CaptionStates | None:
    recipe = job.recipe
    if recipe.late is None or recipe.late.sentences is None:
        return None
    length = recipe.text.max_length
    return caption_states(recipe.late.sentences, model.tokenizer, length, texts, cache=job.cache, progress=job.progress)
