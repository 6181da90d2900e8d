"""From an encoder recipe to a model folder: read, start, train, choose, calibrate, save.

MODEL/                       the model
MODEL.training/choosing/     the log and the checkpoint of the run in which the best step is chosen
MODEL.training/final/        those of the final run, where the recipe asks for one
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_absent
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.examples.draws import Draws
from lexlip_lucene.training.examples.examples import CaptionWords, split_aside
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import ImageSource, find_pictures
from lexlip_lucene.training.examples.teacher import Teacher, load_teacher
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.expander.kept import Captions, expander_of, further_captions
from lexlip_lucene.training.expander.teacher import ExpanderTeacher
from lexlip_lucene.training.losses.dense_contrast import Teaching
from lexlip_lucene.training.losses.objective import Objective
from lexlip_lucene.training.parallel import Team, join_team, leave_team
from lexlip_lucene.training.run.activations import spare_activations
from lexlip_lucene.training.run.calibration import calibrate
from lexlip_lucene.training.run.card import model_card
from lexlip_lucene.training.run.loop import Trainer
from lexlip_lucene.training.run.run_state import Outcome
from lexlip_lucene.training.run.train_report import TrainReport
from lexlip_lucene.training.start.starting import Vocabulary, captions_of, compute_start, make_model, make_vocabulary

OWN_TEACHERS = ("ensemble", "expander")
"""Teachers that the run itself makes; any other is loaded."""


def train(
    recipe: EncoderRecipe,
    output: Path,
    *,
    cache: Path | None = None,
    device: str = "cpu",
    resume: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> TrainReport:
    """Train as `recipe` says and write the model folder `output`; under torchrun, all processes call this.

    Args:
        recipe: the encoder recipe.
        output: the model folder to write; log and checkpoint go beside it.
        cache: a folder that keeps a frozen backbone's states, and the expander, between runs; None: don't keep them.
        device: a torch device.
        resume: go on from the checkpoint beside `output`; without one, begin.
        force: overwrite `output`.
        progress: told about every stage.

    Raises:
        InputError: the data can't be read, or has too few images, or the checkpoint is of another recipe.
        ModelError: a tower can't be loaded.
        TrainingError: the loss is no number any more.
        MemoryLimitError: the machine has not the memory.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    require_absent(output, force=force)
    begun = time.monotonic()
    team = join_team(device)
    try:
        run = prepare(recipe, output, team, device, cache, progress if team.leads else SILENT)
        if not resume and team.leads and run.folder.exists():
            shutil.rmtree(run.folder)
        team.wait()
        model, outcome = run.trained(resume=resume)
        report = _report(outcome, run, time.monotonic() - begun)
        if team.leads:
            captions = [image.captions for image in run.images]
            calibrate(model, run.source, captions, run.trained_on)
            model.save_pretrained(output, card=model_card(recipe, report._asdict()), force=force)
        team.wait()
    finally:
        leave_team(team)
    return report


def _report(outcome: Outcome, run: "Prepared", seconds: float) -> TrainReport:
    aside = outcome.best_aside
    return TrainReport(
        steps=outcome.steps,
        best_step=outcome.best_step,
        seconds=seconds,
        loss=outcome.loss,
        dev={} if aside is None else aside.recall,
        tokens_per_image=0.0 if aside is None else aside.tokens_per_image,
        images=len(run.images),
        rejected=run.rejected,
        dense_dev=None if aside is None else aside.dense_recall,
    )


@dataclass(frozen=True)
class Prepared:
    """A training with its data read. `further`: captions of further images, for the expander."""

    recipe: EncoderRecipe
    folder: Path
    team: Team
    device: str
    progress: Progress
    images: Sequence[CaptionedImage]
    rejected: int
    vocabulary: Vocabulary
    source: ImageSource
    teacher: Teacher | None
    kept_aside: NDArray[np.int64]
    further: Captions = ()
    cache: Path | None = None

    @property
    def trained_on(self) -> NDArray[np.int64]:
        """The images that the choosing run trains on."""
        return np.setdiff1d(np.arange(len(self.images)), self.kept_aside)

    def trained(self, *, resume: bool) -> tuple[LexLip, Outcome]:
        """Return the model in its best state, and how it was chosen."""
        trainer = self.trainer("choosing", self.trained_on, self.kept_aside)
        outcome = trainer.run(resume=resume)
        best, model = self._agreed(outcome.best_step), trainer.model
        if self.recipe.data.final_run and best:
            share = best / outcome.steps
            self.progress.note(f"final run on all {len(self.images)} images, {100 * share:.0f} % of the steps")
            final = self.trainer("final", np.arange(len(self.images)), None)
            state, model = final.run(stop_after=share, resume=resume).best, final.model
        else:
            state = outcome.best
        if self.team.leads:
            model.load_state_dict(state)
        return model, outcome

    def _agreed(self, best_step: int) -> int:
        """Tell every process the step that the first one chose."""
        chosen = torch.tensor(float(best_step if self.team.leads else 0), device=self.device)
        return int(self.team.total(chosen))

    def trainer(self, name: str, trained: NDArray[np.int64], aside: NDArray[np.int64] | None) -> Trainer:
        """Make a model at its start, and lay out a run over the images `trained`."""
        recipe, training = self.recipe, self.recipe.training
        texts = captions_of(self.images, trained)
        model = make_model(recipe, self.vocabulary, texts, progress=self.progress).to(self.device)
        if training.checkpointing:
            spare_activations(model)
        expander = None
        if recipe.expander is not None:
            own = [self.images[number].captions for number in trained]
            expander = expander_of(
                model, recipe, own, self.further, cache=self.cache, team=self.team, progress=self.progress
            )
        held_out = None
        if training.start is None:
            held_out = compute_start(model, recipe, self.source, self.vocabulary.captions, trained, expander)
        words = CaptionWords.of(model, self.vocabulary.captions, trained) if training.word_loss else None
        objective = Objective(model, training, words, self._teacher(model, expander)).to(self.device)
        return Trainer(
            model,
            recipe,
            self.source,
            Draws.of(recipe, trained, self.vocabulary.captions, self.vocabulary.tokenizer, self.team),
            self.vocabulary.captions,
            aside,
            objective,
            self.folder / name,
            self.progress,
            self.team,
            held_out,
        )

    def _teacher(self, model: LexLip, expander: Expander | None) -> Teaching | None:
        distillation = self.recipe.training.distillation
        if expander is None or distillation is None or distillation.teacher != "expander":
            return self.teacher
        sets = [image.captions for image in self.images]
        length = self.recipe.text.max_length
        return ExpanderTeacher.of(expander, CaptionBags.of(sets, model.tokenizer, model.lexicon, max_length=length))


def prepare(
    recipe: EncoderRecipe, output: Path, team: Team, device: str, cache: Path | None, progress: Progress
) -> Prepared:
    """Read the data, and run a frozen backbone over it."""
    listed = read_captions(recipe.data.captions, split=recipe.data.split, outside=recipe.data.outside)
    found = find_pictures(
        listed,
        recipe.image.size,
        hold_megabytes=recipe.data.hold_megabytes,
        workers=recipe.data.workers,
        augment=recipe.image.augment,
        progress=progress,
    )
    for line in found.rejected:
        progress.note(f"left out: {line}")
    images = [listed[number] for number in found.readable]
    trained, aside = split_aside(len(images), recipe.data.keep_aside, recipe.training.seed)
    if not len(aside):
        raise InputError("data.keep_aside must be at least 1: the best step is chosen on the images kept aside")
    vocabulary = make_vocabulary(recipe, images, trained)
    source: ImageSource = found.source
    if recipe.image.frozen:
        base = make_model(recipe, vocabulary, captions_of(images, trained)).to(device)
        source = frozen_states(base, found.source, mirrored=recipe.image.flip, cache=cache, progress=progress)
    teacher = None
    if recipe.training.distillation is not None and recipe.training.distillation.teacher not in OWN_TEACHERS:
        texts = captions_of(images, np.arange(len(images)))
        name = recipe.training.distillation.teacher
        teacher = load_teacher(name, images, texts, cache=cache, device=device, progress=progress)
    folder = output.with_name(output.name + ".training")
    return Prepared(
        recipe,
        folder,
        team,
        device,
        progress,
        images,
        len(found.rejected),
        vocabulary,
        source,
        teacher,
        aside,
        further_captions(recipe, progress),
        cache,
    )
