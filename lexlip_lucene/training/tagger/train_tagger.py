"""A tagger from its recipe: read the posts, train, keep the step that is best on the posts kept aside, write."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lexlip_lucene.data.tagged_posts import types_of
from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.errors import TrainingError
from lexlip_lucene.evaluate.entity_f1 import EntityFigures
from lexlip_lucene.files.written import require_absent
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe
from lexlip_lucene.training.tagger.post_batches import epoch_batches
from lexlip_lucene.training.tagger.post_pictures import hold_pictures
from lexlip_lucene.training.tagger.start import start_tagger
from lexlip_lucene.training.tagger.tagged_data import PostSet, keep_aside, read_posts
from lexlip_lucene.training.tagger.tagger_losses import Alignment
from lexlip_lucene.training.tagger.tagger_optimiser import set_rates, tagger_optimiser
from lexlip_lucene.training.tagger.tagger_step import TaggerStep
from lexlip_lucene.training.tagger.tagging_figures import tagging_figures

CLIP = 1.0
"""The norm of a step's gradient at most."""


class TaggerReport(NamedTuple):
    """The outcome of a training.

    Attributes:
        posts, aside: trained on, and kept aside.
        missing, unreadable: pictures that posts name and that are not there, or can't be read.
        steps, best_step: in all, and the one that is kept.
        seconds: of the training.
        dev: figures on the posts kept aside at that step.
        valid: those on the posts that are only reported; None if the recipe names none.
    """

    posts: int
    aside: int
    missing: int
    unreadable: int
    steps: int
    best_step: int
    seconds: float
    dev: EntityFigures
    valid: EntityFigures | None

    def figures(self) -> dict[str, EntityFigures | None]:
        """Return the figures by name."""
        return {"dev": self.dev, "valid": self.valid}


def train_tagger(
    recipe: TaggerRecipe, output: Path, *, device: str = "cpu", force: bool = False, progress: Progress = SILENT
) -> TaggerReport:
    """Train a tagger and write its folder; the same recipe gives the same tagger on the same machine.

    Args:
        recipe: of the tagger.
        output: its folder.
        device: a torch device.
        force: replace `output`.
        progress: receives steps and figures.

    Raises:
        InputError: the posts can't be read, or are not enough.
        ModelError: a part of the network can't be loaded.
        OutputError: `output` exists and `force` is off, or can't be written.
        TrainingError: the loss is not a finite number any more.
    """
    require_absent(output, force=force)
    begun = time.monotonic()
    whole = read_posts(recipe.data.train, recipe.data.images)
    valid = None if recipe.data.valid is None else read_posts(recipe.data.valid, recipe.data.images)
    train, aside = keep_aside(whole, recipe.data, recipe.training.seed)
    config, tokenizer, network = start_tagger(recipe, types_of(train.posts))
    network.to(device)
    cutter = WordCutter(tokenizer, config.text.max_length)
    run = _Run(recipe, network, cutter, train, aside, progress)
    best_step, dev = run.train()
    tagger = EntityTagger(config, tokenizer, network)
    of_valid = None
    unreadable = run.unreadable
    if valid is not None:
        pictures = hold_pictures(valid.pictures, network, progress)
        unreadable += pictures.unreadable
        of_valid = tagging_figures(network, cutter, valid, pictures)
    report = TaggerReport(
        posts=len(train),
        aside=len(aside),
        missing=whole.missing + (0 if valid is None else valid.missing),
        unreadable=unreadable,
        steps=run.steps,
        best_step=best_step,
        seconds=time.monotonic() - begun,
        dev=dev,
        valid=of_valid,
    )
    tagger.save_pretrained(output, card=tagger_card(recipe, report), force=force)
    return report


class _Run:
    """The loop over epochs, with the best weights so far."""

    def __init__(
        self,
        recipe: TaggerRecipe,
        network: TaggerNetwork,
        cutter: WordCutter,
        train: PostSet,
        aside: PostSet,
        progress: Progress,
    ) -> None:
        self.recipe, self.network, self.cutter, self.progress = recipe.training, network, cutter, progress
        self.train_posts, self.aside = train, aside
        self.pictures = hold_pictures(train.pictures, network, progress)
        self.aside_pictures = hold_pictures(aside.pictures, network, progress)
        self.unreadable = self.pictures.unreadable + self.aside_pictures.unreadable
        self.steps = self.recipe.epochs * -(-len(train) // self.recipe.batch_size)
        self.best: tuple[int, EntityFigures, dict[str, Tensor]] | None = None
        self.average: dict[str, Tensor] | None = None

    def train(self) -> tuple[int, EntityFigures]:
        """Train, leave the best weights in the network, and return their step and figures."""
        recipe, network = self.recipe, self.network
        rng = np.random.default_rng(recipe.seed)
        alignment = self._alignment()
        step_loss = TaggerStep(network, alignment, self.cutter, self.train_posts, self.pictures, recipe, rng)
        optimiser = tagger_optimiser(network, alignment, recipe)
        marks = {round(self.steps * (n + 1) / recipe.evaluations) for n in range(recipe.evaluations)}
        network.train()
        for step, numbers in enumerate(self.progress.track(self._batches(rng), "training (steps)", self.steps)):
            loss = step_loss(numbers)
            if not torch.isfinite(loss.whole):
                raise TrainingError(f"step {step}: the loss is not finite any more; take a lower learning_rate")
            set_rates(optimiser, recipe, step, self.steps)
            optimiser.zero_grad(set_to_none=True)
            loss.whole.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimiser.step()
            self._follow()
            if step + 1 in marks:
                self._evaluate(step + 1, loss)
        assert self.best is not None, "the last step is evaluated"
        step, figures, weights = self.best
        network.load_state_dict(weights)
        return step, figures

    def _alignment(self) -> Alignment | None:
        network = self.network
        if network.tower is None:
            return None
        alignment = Alignment(
            network.text.width, network.tower.width, self.recipe.temperature, self.recipe.text_to_image
        )
        return alignment.to(network.emissions.weight.device).train()

    def _batches(self, rng: np.random.Generator) -> "list[list[int]]":
        lengths = [len(words) for words in self.train_posts.words]
        return [
            batch for _ in range(self.recipe.epochs) for batch in epoch_batches(lengths, self.recipe.batch_size, rng)
        ]

    def _follow(self) -> None:
        """Move the average of the weights towards the weights."""
        if not self.recipe.average:
            return
        state = self.network.state_dict()
        if self.average is None:
            self.average = {name: tensor.clone() for name, tensor in state.items()}
        for name, tensor in self.average.items():
            if tensor.is_floating_point():
                tensor.lerp_(state[name], 1 - self.recipe.average)
            else:
                tensor.copy_(state[name])

    def _evaluate(self, step: int, loss: object) -> None:
        """Take the figures on the posts kept aside, and keep the weights if they are the best so far."""
        now = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        kept = now if self.average is None else self.average
        self.network.load_state_dict(kept)
        figures = tagging_figures(self.network, self.cutter, self.aside, self.aside_pictures)
        self.progress.note(f"step {step}: strict F1 {100 * figures.f1:.2f} on the posts kept aside; {loss}")
        if self.best is None or figures.f1 > self.best[1].f1:
            self.best = step, figures, {name: tensor.clone() for name, tensor in kept.items()}
        self.network.load_state_dict(now)


def tagger_card(recipe: TaggerRecipe, report: TaggerReport) -> str:
    """Return the README.md of the tagger's folder."""
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "An entity tagger of lexlip_lucene.",
        "",
        f"Trained on {report.posts} posts for {report.steps} steps; step {report.best_step} is kept, the best on "
        f"{report.aside} posts kept aside.",
        "",
        "| posts | precision | recall | strict F1 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, figures in (("kept aside", report.dev), ("valid, only reported", report.valid)):
        if figures is not None:
            lines.append(
                f"| {name} | {100 * figures.precision:.2f} | {100 * figures.recall:.2f} | {100 * figures.f1:.2f} |"
            )
    return "\n".join(lines) + "\n"
