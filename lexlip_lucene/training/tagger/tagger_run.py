"""The loop of a tagger's training: steps, a moving average of the weights, and the best of them on posts kept aside."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.errors import TrainingError
from lexlip_lucene.evaluate.entity_f1 import EntityFigures
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.tagger_recipe import TaggerTrainingRecipe
from lexlip_lucene.training.tagger.post_batches import epoch_batches
from lexlip_lucene.training.tagger.post_pictures import PostPictures
from lexlip_lucene.training.tagger.tagged_data import PostSet
from lexlip_lucene.training.tagger.tagger_losses import Alignment
from lexlip_lucene.training.tagger.tagger_optimiser import set_rates, tagger_optimiser
from lexlip_lucene.training.tagger.tagger_step import StepLoss, TaggerStep
from lexlip_lucene.training.tagger.tagging_figures import tagging_figures

CLIP = 1.0
"""The norm of a step's gradient at most."""


class Part(NamedTuple):
    """Posts and their pictures."""

    posts: PostSet
    pictures: PostPictures


class TaggerRun:
    """The loop over epochs, with the best weights so far.

    Args:
        network: that trains.
        cutter: of its tokenizer.
        learned: trained on.
        aside: kept aside, to choose the step.
        recipe: of the training.
        progress: receives steps and figures.
    """

    def __init__(
        self,
        network: TaggerNetwork,
        cutter: WordCutter,
        learned: Part,
        aside: Part,
        recipe: TaggerTrainingRecipe,
        progress: Progress,
    ) -> None:
        self.recipe, self.network, self.cutter, self.progress = recipe, network, cutter, progress
        self.learned, self.aside = learned, aside
        self.steps = recipe.epochs * -(-len(learned.posts) // recipe.batch_size)
        self.best: tuple[int, EntityFigures, dict[str, Tensor]] | None = None
        self.average: dict[str, Tensor] | None = None

    def train(self) -> tuple[int, EntityFigures]:
        """Train, leave the best weights in the network, and return their step and figures."""
        recipe, network = self.recipe, self.network
        rng = np.random.default_rng(recipe.seed)
        alignment = self._alignment()
        step_loss = TaggerStep(network, alignment, self.cutter, *self.learned, recipe, rng)
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
        lengths = [len(words) for words in self.learned.posts.words]
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

    def _evaluate(self, step: int, loss: StepLoss) -> None:
        """Take the figures on the posts kept aside, and keep the weights if they are the best so far."""
        now = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        kept = now if self.average is None else self.average
        self.network.load_state_dict(kept)
        figures = tagging_figures(self.network, self.cutter, *self.aside)
        self.progress.note(f"step {step}: strict F1 {100 * figures.f1:.2f} on the posts kept aside; loss {said(loss)}")
        if self.best is None or figures.f1 > self.best[1].f1:
            self.best = step, figures, {name: tensor.clone() for name, tensor in kept.items()}
        self.network.load_state_dict(now)


def said(loss: StepLoss) -> str:
    """Return a loss and its parts in a line."""
    return f"{loss.whole.item():.3f} (tags {loss.tags:.3f}, match {loss.match:.3f}, alignment {loss.alignment:.3f})"
