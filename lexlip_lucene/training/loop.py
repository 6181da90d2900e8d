"""The training loop: one contrastive run over the images trained on.

Two-phase pre-training will be other loops beside this one over the same examples, sources and losses.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pooling import divide_by_length, saturate
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, ImageRecipe
from lexlip_lucene.training.examples import CaptionTokens, CaptionWords
from lexlip_lucene.training.losses import contrastive_loss, flops_loss, ramp
from lexlip_lucene.training.optimiser import SimilarityScale, make_optimiser, set_rate
from lexlip_lucene.training.selection import Aside, measure_aside
from lexlip_lucene.training.sources import ImageSource, Look

GRADIENT_NORM = 1.0
"""Gradients are clipped to this norm, as in LexLIP's official settings."""


@dataclass
class Outcome:
    """What a run left: `best` is the state of the best step; `loss` the mean of the last tenth of the steps."""

    steps: int = 0
    loss: float = float("nan")
    best_step: int = 0
    best_aside: Aside | None = None
    best: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Trainer:
    """One run's parts. `aside` is None in a final run: nothing is chosen there."""

    model: LexLip
    recipe: EncoderRecipe
    source: ImageSource
    captions: CaptionTokens
    trained: NDArray[np.int64]
    aside: NDArray[np.int64] | None
    words: CaptionWords | None
    progress: Progress

    def steps_of_an_epoch(self) -> int:
        """Whole batches only; a smaller set than one batch is one step."""
        return max(1, len(self.trained) // self.recipe.training.batch_size)

    def run(self, *, stop_after: float = 1.0) -> Outcome:
        """Train; the schedule is laid out for all epochs even when `stop_after` (a share of the steps) is less."""
        training = self.recipe.training
        torch.manual_seed(training.seed)
        chance = np.random.default_rng(training.seed)
        scale = SimilarityScale(training.similarity_scale).to(self.model.device)
        optimiser = make_optimiser(self.model, scale, training)
        average = copy.deepcopy(self.model) if training.average else self.model
        steps = training.steps or self.steps_of_an_epoch() * (training.epochs or 1)
        last = max(1, round(steps * stop_after))
        start = _state(self.model)
        outcome, losses = Outcome(steps=last), []
        if self.aside is not None:
            self._consider(average, 0, outcome)
        batches = self.progress.track(self._batches(last, chance), "training (steps)", last)
        for step, images in enumerate(batches):
            set_rate(optimiser, training, step, steps)
            losses.append(self._step(images, step / steps, scale, optimiser, chance))
            if average is not self.model:
                _follow(average, self.model, min(training.average, (step + 1) / (step + 10)))
            if self.aside is not None and _is_evaluated(step, last, training.evaluations):
                self._consider(_blended(average, start, training.keep_start), step + 1, outcome)
        outcome.loss = float(np.mean(losses[-max(1, last // 10) :]))
        if self.aside is None:
            outcome.best_step, outcome.best = last, _state(_blended(average, start, training.keep_start))
        return outcome

    def _batches(self, steps: int, chance: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        size, done = self.recipe.training.batch_size, 0
        while True:
            order = chance.permutation(self.trained)
            for batch in range(self.steps_of_an_epoch()):
                if done == steps:
                    return
                done += 1
                yield order[batch * size : (batch + 1) * size]

    def _step(
        self,
        images: NDArray[np.int64],
        done: float,
        scale: SimilarityScale,
        optimiser: torch.optim.Optimizer,
        chance: np.random.Generator,
    ) -> float:
        """Take one step at the share `done` of the run; returns its loss without the FLOPS regularisers."""
        training = self.recipe.training
        self.model.train()
        if self.recipe.image.frozen:
            self.model.image.tower.eval()
        logits = self.source.logits(self.model, images, _draw_look(self.recipe.image, chance))
        loss = torch.zeros((), device=self.model.device)
        if self.words is not None:
            loss = training.word_loss * self.words.loss(logits, images)
        sparsity = torch.zeros_like(loss)
        if done >= training.word_phase:
            contrast, sparsity = self._contrast(logits, images, scale, chance)
            loss = loss + contrast
        pressure = ramp(done - training.word_phase, training.flops_ramp)
        optimiser.zero_grad(set_to_none=True)
        (loss + pressure * sparsity).backward()
        torch.nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], GRADIENT_NORM)
        optimiser.step()
        return float(loss.detach())

    def _contrast(
        self, logits: Tensor, images: NDArray[np.int64], scale: SimilarityScale, chance: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the contrastive loss of a batch and its weighted FLOPS regularisers."""
        training, config = self.recipe.training, self.model.config
        raw_images = saturate(logits)
        raw_texts = self.model.raw_text_weights(self.captions.draw(images, training.captions_per_image, chance))
        power = training.image_length_power
        documents = divide_by_length(raw_images, config.image.length_power if power is None else power)
        queries = divide_by_length(raw_texts, config.text.length_power)
        similarity = (queries @ documents.T).view(len(images), training.captions_per_image, len(images))
        sparsity = training.image_flops * flops_loss(raw_images) + training.text_flops * flops_loss(raw_texts)
        return contrastive_loss(scale(similarity)), sparsity

    def _consider(self, model: LexLip, step: int, outcome: Outcome) -> None:
        """Measure on the images kept aside; keep the state when it is the best so far."""
        assert self.aside is not None, "a final run chooses nothing"
        begun = time.monotonic()
        aside = measure_aside(model, self.source, self.captions, self.aside)
        figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in aside.recall.items())
        self.progress.note(
            f"step {step}: kept aside {figures}; {aside.tokens_per_image:.0f} tokens an image "
            f"({time.monotonic() - begun:.1f} s)"
        )
        if outcome.best_aside is None or aside.mean > outcome.best_aside.mean:
            outcome.best_step, outcome.best_aside, outcome.best = step, aside, _state(model)


def _draw_look(recipe: ImageRecipe, chance: np.random.Generator) -> Look:
    """Draw how this step sees its pictures."""
    down, right = (int(step) for step in chance.integers(-recipe.shift, recipe.shift + 1, size=2))
    brightness = 1.0 + float(chance.uniform(-recipe.brightness, recipe.brightness))
    return Look(recipe.flip and bool(chance.integers(2)), (down, right), brightness)


def _is_evaluated(step: int, steps: int, evaluations: int) -> bool:
    """Whether the step ends one of `evaluations` equal parts of the run."""
    return (step + 1) * evaluations // steps > step * evaluations // steps


def _follow(average: LexLip, model: LexLip, decay: float) -> None:
    with torch.no_grad():
        for parameter, new in zip(average.parameters(), model.parameters(), strict=True):
            parameter.lerp_(new, 1 - decay)
        for buffer, latest in zip(average.buffers(), model.buffers(), strict=True):
            buffer.copy_(latest)


def _blended(model: LexLip, start: dict[str, Tensor], share: float) -> LexLip:
    """Return the model with `share` of its start in it; the model itself is left as it is."""
    if not share:
        return model
    blended = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in blended.named_parameters():
            parameter.lerp_(start[name], share)
    return blended


def _state(model: LexLip) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
