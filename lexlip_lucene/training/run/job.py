"""A training job: the data of a recipe, read, and the one or two runs over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, StaticTextRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.examples.chosen_pairs import chosen_pairs
from lexlip_lucene.training.examples.draws import Draws
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import ImageSource, find_pictures
from lexlip_lucene.training.examples.teacher import load_teacher
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.expander.kept import Captions, expander_of, further_captions, lexicon_texts
from lexlip_lucene.training.expander.teacher import ExpanderTeacher
from lexlip_lucene.training.losses.needs import EXPANDER, joint_needs
from lexlip_lucene.training.losses.objective import Objective
from lexlip_lucene.training.losses.parts import Parts, Teaching
from lexlip_lucene.training.losses.terms import named_terms, needs_of
from lexlip_lucene.training.parallel import ALONE, Team
from lexlip_lucene.training.run.activations import spare_activations
from lexlip_lucene.training.run.late_selection import Mixed, choose_mix
from lexlip_lucene.training.run.late_training import LateTraining
from lexlip_lucene.training.run.loop import Trainer
from lexlip_lucene.training.run.run_state import Outcome
from lexlip_lucene.training.start.caption_states import CaptionStates, caption_states
from lexlip_lucene.training.start.starting import Vocabulary, captions_of, compute_start, make_model, make_vocabulary
from lexlip_lucene.training.start.translation import fill_translation


class Trained(NamedTuple):
    """The result of a job: the model, the outcome of the run that chose the step, and the late head's, if present."""

    model: LexLip
    outcome: Outcome
    late: Mixed | None


@dataclass(frozen=True)
class TrainingJob:
    """A recipe with its data read, ready for its runs.

    Attributes:
        recipe, team, device, progress: of the job.
        folder: takes the log and the checkpoint of each run.
        images: the training images that can be read, and have a pair left.
        rejected: the number of those that can't.
        vocabulary: the tokenizer, the lexicon and the captions in them.
        source: gives the images to a step.
        weights: (captions,) float32 of each caption with its image, for the contrast; None: all count alike.
        teachers: the teachers that the losses need, by name, but for the expander.
        kept_aside: numbers of the images that the best step is chosen on.
        caption_states: of the late head's sentence model; None if the recipe names none, or another process leads.
        further: captions of further images, for the expander and the translation table.
        cache: keeps the expander between jobs; None: it is not kept.
    """

    recipe: EncoderRecipe
    folder: Path
    team: Team
    device: str
    progress: Progress
    images: Sequence[CaptionedImage]
    rejected: int
    vocabulary: Vocabulary
    source: ImageSource
    kept_aside: NDArray[np.int64]
    weights: Tensor | None = None
    teachers: Mapping[str, Teaching] = field(default_factory=dict)
    caption_states: CaptionStates | None = None
    further: Captions = ()
    cache: Path | None = None

    @property
    def trained_on(self) -> NDArray[np.int64]:
        """The images that the choosing run trains on."""
        return np.setdiff1d(np.arange(len(self.images)), self.kept_aside)

    def trained(self, *, resume: bool) -> Trained:
        """Return the model in its best state, and the figures of the run that chose the step."""
        trainer = self.trainer("choosing", self.trained_on, self.kept_aside)
        outcome = trainer.run(resume=resume)
        best, model = self._agreed(outcome.best_step), trainer.model
        mixed = self._finish(model, outcome, self.trained_on)
        if self.recipe.data.final_run and best:
            share, every = best / outcome.steps, np.arange(len(self.images))
            self.progress.note(f"final run on all {len(every)} images, {100 * share:.0f} % of the steps")
            final = self.trainer("final", every, None)
            model = final.model
            self._finish(model, final.run(stop_after=share, resume=resume), every, mixed)
        return Trained(model, outcome, mixed)

    def _finish(
        self, model: LexLip, outcome: Outcome, trained: NDArray[np.int64], mixed: Mixed | None = None
    ) -> Mixed | None:
        """Load the best state, and train the late head, if any; its mix is chosen unless it is `mixed`."""
        if not self.team.leads:
            return None
        model.load_state_dict(outcome.best)
        recipe = self.recipe.late
        if recipe is None:
            return None
        captions, seed = self.vocabulary.captions, self.recipe.training.seed
        states = self.caption_states
        LateTraining(model, recipe, self.recipe.image, self.source, captions, trained, seed, states).run(self.progress)
        mixed = mixed or choose_mix(model, self.source, captions, self.kept_aside, wanted=recipe.mix, states=states)
        model.with_mix(mixed.mix)
        return mixed

    def trainer(self, name: str, trained: NDArray[np.int64], aside: NDArray[np.int64] | None) -> Trainer:
        """Make a model at its start, and lay out a run over the images `trained`."""
        recipe, training = self.recipe, self.recipe.training
        texts = captions_of(self.images, trained)
        model = make_model(recipe, self.vocabulary, texts, progress=self.progress).to(self.device)
        if training.checkpointing:
            spare_activations(model)
        expander = self._expander(model, trained)
        held_out = None
        if training.start is None:
            held_out = compute_start(model, recipe, self.source, self.vocabulary.captions, trained, expander=expander)
            self._fill_translation(model, trained)
        named = named_terms(training)
        captions = self.vocabulary.captions
        parts = Parts(model, training, captions, trained, teachers=self._all_teachers(model, expander))
        masks = joint_needs(needs_of(named)).masks
        return Trainer(
            model=model,
            recipe=recipe,
            source=self.source,
            draws=Draws.of(recipe, trained, captions, self.vocabulary.tokenizer, self.team, masks=masks),
            captions=captions,
            aside=aside,
            objective=Objective(named, parts).to(self.device),
            folder=self.folder / name,
            progress=self.progress,
            team=self.team,
            held_out=held_out,
            weights=self.weights,
        )

    def _fill_translation(self, model: LexLip, trained: NDArray[np.int64]) -> None:
        text = self.recipe.text
        if isinstance(text, StaticTextRecipe) and text.translation is not None:
            sets = [*(self.images[number].captions for number in trained), *self.further]
            bags = CaptionBags.of(sets, model.tokenizer, model.lexicon, max_length=text.max_length)
            fill_translation(model, text.translation, bags)

    def _agreed(self, best_step: int) -> int:
        """Tell every process the step that the first one chose."""
        chosen = torch.tensor(float(best_step if self.team.leads else 0), device=self.device)
        return int(self.team.total(chosen))

    def _expander(self, model: LexLip, trained: NDArray[np.int64]) -> Expander | None:
        if self.recipe.expander is None:
            return None
        own = [self.images[number].captions for number in trained]
        return expander_of(
            model, self.recipe, own, self.further, cache=self.cache, team=self.team, progress=self.progress
        )

    def _all_teachers(self, model: LexLip, expander: Expander | None) -> Mapping[str, Teaching]:
        if expander is None or not joint_needs(needs_of(named_terms(self.recipe.training))).expander:
            return self.teachers
        sets = [image.captions for image in self.images]
        length = self.recipe.text.max_length
        bags = CaptionBags.of(sets, model.tokenizer, model.lexicon, max_length=length)
        return {**self.teachers, EXPANDER: ExpanderTeacher.of(expander, bags)}


def prepare(
    recipe: EncoderRecipe,
    output: Path,
    *,
    team: Team = ALONE,
    device: str = "cpu",
    cache: Path | None = None,
    progress: Progress = SILENT,
) -> TrainingJob:
    """Read the data, run a frozen backbone over them, and load the teachers that the losses need."""
    listed = read_captions(recipe.data.captions, split=recipe.data.split, outside=recipe.data.outside)
    pictures = find_pictures(
        listed,
        recipe.image.size,
        hold_megabytes=recipe.data.hold_megabytes,
        workers=recipe.data.workers,
        augment=recipe.image.augment,
        progress=progress,
    )
    for line in pictures.rejected:
        progress.note(f"left out: {line}")
    readable = [listed[number] for number in pictures.readable]
    images, stay, weights, trained, aside = chosen_pairs(readable, recipe, progress)
    if not len(aside):
        raise InputError("data.keep_aside must be at least 1: the best step is chosen on the images kept aside")
    vocabulary = make_vocabulary(recipe, images, trained, lexicon_texts(recipe))
    texts = captions_of(images, np.arange(len(images)))
    states = None
    if team.leads and recipe.late is not None and recipe.late.sentences is not None:
        length = recipe.text.max_length
        states = caption_states(
            recipe.late.sentences, vocabulary.tokenizer, length, texts, cache=cache, progress=progress
        )
    source: ImageSource = pictures.source
    if recipe.image.frozen:
        base = make_model(recipe, vocabulary, captions_of(images, trained)).to(device)
        # Of all pictures, also those without a pair left, so that the kept states serve any filter.
        source = frozen_states(base, pictures.source, mirrored=recipe.image.flip, cache=cache, progress=progress)
    if len(stay) < len(readable):
        source = source.some(stay)
    teachers = {
        name: load_teacher(name, images, texts, cache=cache, device=device, progress=progress)
        for name in joint_needs(needs_of(named_terms(recipe.training))).teachers
    }
    return TrainingJob(
        recipe=recipe,
        folder=output.with_name(output.name + ".training"),
        team=team,
        device=device,
        progress=progress,
        images=images,
        rejected=len(pictures.rejected),
        vocabulary=vocabulary,
        source=source,
        kept_aside=aside,
        weights=weights,
        teachers=teachers,
        caption_states=states,
        further=further_captions(recipe, progress),
        cache=cache,
    )
