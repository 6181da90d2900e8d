"""The training loop: one run over the images trained on, with the losses that its recipe names.

A step draws a batch, computes it in `accumulate` parts on every process, adds the gradients up, and moves the
weights once; the moving average and the momentum encoders follow once per step. Everything that a run carries is in
its checkpoint, from which it resumes where it was killed.
"""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import TrainingError
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.draws import Draws
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.neighbour_batches import NeighbourBatches
from lexlip_lucene.training.examples.sampler import Sampler
from lexlip_lucene.training.examples.sources import ImageSource, PlannedBatch
from lexlip_lucene.training.losses.objective import Objective
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import ALONE, Team
from lexlip_lucene.training.run.checkpoint import read_checkpoint, write_checkpoint
from lexlip_lucene.training.run.current_clusters import current_clusters
from lexlip_lucene.training.run.figures import step_figures
from lexlip_lucene.training.run.memory import training_memory_errors_named
from lexlip_lucene.training.run.optimiser import set_rate
from lexlip_lucene.training.run.run_log import RunLog
from lexlip_lucene.training.run.run_state import Outcome, RunState
from lexlip_lucene.training.run.selection import blended, measure_aside, state_of
from lexlip_lucene.training.start.held_out import HeldOut

LOG_EVERY = 10
"""Steps between two rows of the log."""


@dataclass(frozen=True)
class Trainer:
    """One run's parts. `aside` is None in a final run: nothing is chosen there.

    `folder` takes the log and the checkpoint; `held_out` has the offsets of the logits in training; `weights` has those
    of all captions (captions,), if the recipe weighs pairs.
    """

    model: LexLip
    recipe: EncoderRecipe
    source: ImageSource
    draws: Draws
    captions: CaptionTokens
    aside: NDArray[np.int64] | None
    objective: Objective
    folder: Path
    progress: Progress
    team: Team = ALONE
    held_out: HeldOut | None = None
    weights: Tensor | None = None

    @property
    def steps(self) -> int:
        """Steps that the schedule is laid out for."""
        training = self.recipe.training
        return training.steps or self.draws.steps_of_an_epoch * (training.epochs or 0)

    @cached_property
    def sampler(self) -> Sampler:
        """The images of the run's steps."""
        neighbours = self.recipe.training.neighbours
        shuffles = self.draws.shuffles
        return shuffles if neighbours is None else NeighbourBatches(shuffles, neighbours, self.steps)

    def run(self, *, stop_after: float = 1.0, resume: bool = False) -> Outcome:
        """Train; the schedule is laid out for all steps even when `stop_after` (a share of them) is less.

        Args:
            stop_after: share of the steps after which it ends.
            resume: resume from the checkpoint in `folder`, if present.

        Raises:
            TrainingError: the loss is no longer a finite number.
            MemoryLimitError: the memory does not suffice.
            InputError: the checkpoint is of another recipe.
        """
        last = max(1, round(self.steps * stop_after))
        state = RunState(self.model, self.objective, self.recipe, self.steps, last)
        path = self.folder / "checkpoint.pt"
        written = read_checkpoint(path, self.recipe) if resume else None
        if written is None:
            self.fill_queues()
            if self.team.leads and self.aside is not None:
                self._consider(state, 0)
        else:
            state.load(written, path)
            self.sampler.load(written.get("sampler", {}))
            self.progress.note(f"going on after step {state.step} of {last}, from {path}")
        first = state.step
        tracked = self.progress.track(self.inputs(first, last), "training (steps)", last - first)
        with RunLog(self.folder, resumed_at=first + 1) if self.team.leads else nullcontext() as log:
            for step, images, inputs in tracked:
                figures = self._step(step, images, inputs, state)
                state.step = step + 1
                if _is_evaluated(step, last, self.recipe.training.evaluations) and log is not None:
                    figures |= self._consider(state, step + 1)
                if log is not None and figures:
                    log.write(step + 1, figures)
                if _is_evaluated(step, last, self.recipe.training.evaluations) and log is not None:
                    write_checkpoint(path, self.recipe, state.saved() | {"sampler": self.sampler.saved()})
        return state.outcome()

    def inputs(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.int64], list[Tensor]]]:
        """Yield each step's number, its images, and this process's inputs of each of its parts."""
        while first < last:
            if self.sampler.is_due(first):
                self.sampler.take(first, self._clusters(first))
            until = min(last, self.sampler.next_due(first) or last)
            yield from self._planned(first, until)
            first = until

    def _planned(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.int64], list[Tensor]]]:
        numbered = list(zip(range(first, last), self.sampler.images(first, last), strict=True))
        plan = [
            PlannedBatch(part[self.team.own(len(part))], self.draws.augmentation(step))
            for step, images in numbered
            for part in self._parts(images)
        ]
        batches = iter(self.source.batches(plan))
        for step, images in numbered:
            yield step, images, [next(batches) for _ in range(self.recipe.training.accumulate)]

    def _clusters(self, step: int) -> NDArray[np.int32]:
        """Return the clusters of the images trained on, as the model sees them before `step`."""
        return current_clusters(
            self.model,
            self.recipe,
            self.source,
            self.draws.trained,
            step,
            held_out=self.held_out,
            team=self.team,
            progress=self.progress,
        )

    def _parts(self, images: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.split(images, self.recipe.training.accumulate)

    def _step(self, step: int, images: NDArray[np.int64], inputs: list[Tensor], state: RunState) -> dict[str, float]:
        """Take one step; return its figures if they are due."""
        training = self.recipe.training
        set_rate(state.optimiser, training, step, self.steps)
        state.optimiser.zero_grad(set_to_none=True)
        losses, views = self.gradients(step, images, inputs, state.parameters)
        torch.nn.utils.clip_grad_norm_(state.parameters, training.gradient_norm)
        state.optimiser.step()
        self.objective.after_step(self.model)
        if state.average is not None:
            state.average.follow(self.model, min(training.average, (step + 1) / (step + 10)))
        self._watch(step, losses, state)
        if (step + 1) % LOG_EVERY and step + 1 != state.last:
            return {}
        rate = state.optimiser.param_groups[0]["lr"] / state.optimiser.param_groups[0]["rate"]
        return step_figures(losses, views, self.objective, rate)

    def gradients(
        self, step: int, images: NDArray[np.int64], inputs: list[Tensor], parameters: list[nn.Parameter]
    ) -> tuple[dict[str, float], Views]:
        """Compute the gradients of a step's loss over the whole team; return its losses and its last part."""
        self.draws.seed_networks(step, self.team.rank)
        self.model.train()
        self.objective.train()
        if self.recipe.image.frozen:
            self.model.image.tower.eval()
        each: list[dict[str, Tensor]] = []
        with training_memory_errors_named(self.recipe.training):
            for number, part in enumerate(self._parts(images)):
                views = self._views(step, number, part, inputs[number])
                losses = self.objective(views)
                (losses.total / len(inputs)).backward()
                each.append(losses.each)
            self.team.add_gradients(parameters)
        return {name: float(np.mean([float(losses[name]) for losses in each])) for name in each[-1]}, views

    def _views(self, step: int, number: int, images: NDArray[np.int64], inputs: Tensor) -> Views:
        whole = self.draws.part(step, number, images, step / self.steps)
        own = whole.part(self.team.own(len(images)), self.draws.each)
        done = step / self.steps
        return Views(
            model=self.model,
            recipe=self.recipe,
            team=self.team,
            source=self.source,
            inputs=inputs,
            whole=whole,
            own=own,
            done=done,
            held_out=self.held_out,
            captions=self.captions,
            weights=self.weights,
        )

    def _watch(self, step: int, losses: dict[str, float], state: RunState) -> None:
        """Remember the step's loss without the regularisers; stop if a loss is not a finite number."""
        training = self.recipe.training
        wrong = [name for name, value in losses.items() if not math.isfinite(value)]
        if wrong:
            raise TrainingError(
                f"step {step + 1}: a loss must be a finite number, but {wrong[0]} is {losses[wrong[0]]}: "
                f"lower training.learning_rate ({training.learning_rate}) or similarity_scale, or lengthen warmup"
            )
        state.losses.append(self.objective.without_regularisers(losses))

    def fill_queues(self) -> None:
        """Show the terms that have to see batches before the first step batches that no step sees in this order."""
        batches_before = {term: term.batches_before(self.draws.batch) for term in self.objective}
        batches = max(batches_before.values(), default=0)
        if not batches:
            return
        self.model.eval()
        first = self.steps
        numbered = list(zip(range(first, first + batches), self.draws.images(first, first + batches), strict=True))
        plan = [PlannedBatch(images[self.team.own(len(images))]) for _, images in numbered]
        tracked = self.progress.track(self.source.batches(plan), "filling the queues (batches)", batches)
        for (step, images), inputs in zip(numbered, tracked, strict=True):
            views = self._views(step, 0, images, inputs)
            for term, before in batches_before.items():
                if step - first < before:
                    term.fill(views)

    def _consider(self, state: RunState, step: int) -> dict[str, float]:
        """Measure on the images kept aside; keep the state if it is the best so far. Return the figures."""
        model = blended(state.evaluated, state.start, self.recipe.training.keep_start)
        if self.aside is None:
            if step == state.last:
                state.best_step, state.best = step, state_of(model)
            return {}
        begun = time.monotonic()
        aside = measure_aside(model, self.source, self.captions, self.aside)
        figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in aside.recall.items())
        if aside.dense_recall is not None:
            figures += "; dense twin " + ", ".join(f"{100 * value:.1f}" for value in aside.dense_recall.values())
        self.progress.note(
            f"step {step}: kept aside {figures}; {aside.tokens_per_image:.0f} tokens an image "
            f"({time.monotonic() - begun:.1f} s)"
        )
        for line in state.health.look(step, aside.documents, aside.queries) if step else ():
            self.progress.note(f"warning: {line}")
        latest = self.recipe.training.keep == "last"
        if latest or state.best_aside is None or aside.mean > state.best_aside.mean:
            state.best_step, state.best_aside, state.best = step, aside.without_vectors(), state_of(model)
        dense = {} if aside.dense_recall is None else {f"aside/dense_{k}": v for k, v in aside.dense_recall.items()}
        return {f"aside/{name}": value for name, value in aside.recall.items()} | dense


def _is_evaluated(step: int, steps: int, evaluations: int) -> bool:
    """Return True if the step ends one of `evaluations` equal parts of the run."""
    return (step + 1) * evaluations // steps > step * evaluations // steps
