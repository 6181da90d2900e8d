"""The training of a model's late head, when its lexicon has been trained: a closed-form start, then in-batch contrast.

    loss = contrast of s / temperature over the batch (`formulas.contrastive_loss`), s = s_T, or of FILIP's two:
           ½ [CE over pictures of s_T + CE over texts of s_I]

Only the head moves. Its states are standardised as the lexicon's training left them. What is kept is the moving average
of its weights.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.late_head import LateHead, LateTokens, patch_scores, token_scores
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import ImageRecipe
from lexlip_lucene.recipes.late_recipe import LateRecipe
from lexlip_lucene.training.examples.draws import Draw, Draws
from lexlip_lucene.training.examples.examples import (
    CaptionTokens,
    caption_counts,
    caption_presence,
    inverse_document_frequency,
)
from lexlip_lucene.training.examples.sources import ImageSource, PlannedBatch, plan_of
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.run.hard_negatives import hard_negatives
from lexlip_lucene.training.scale import SimilarityScale
from lexlip_lucene.training.start.caption_states import CaptionStates
from lexlip_lucene.training.start.ridge import caption_targets, ridge_solution

AT_ONCE = 256


@dataclass(frozen=True)
class LateTraining:
    """A training of the late head of `model`, on the images `trained`.

    Attributes:
        model: all of it but the late head stays as it is.
        recipe: of the late head.
        image: the recipe's image part, for augmentation.
        source: gives the images to a step.
        captions: all captions.
        trained: numbers of the images trained on.
        seed: of every draw.
        states: of the sentence model, if the recipe names one.
    """

    model: LexLip
    recipe: LateRecipe
    image: ImageRecipe
    source: ImageSource
    captions: CaptionTokens
    trained: NDArray[np.int64]
    seed: int
    states: CaptionStates | None = None

    def run(self, progress: Progress) -> None:
        """Train, and leave the average of the weights in the model."""
        self.start()
        head, recipe, draws = self._head, self.recipe, self._draws()
        scale = SimilarityScale(1 / recipe.temperature).to(self.model.device)
        steps = draws.steps_of_an_epoch * recipe.epochs
        optimiser = self._optimiser(scale)
        average = copy.deepcopy(head.state_dict())
        head.requires_grad_(True)
        self.model.eval()
        images = list(draws.images(0, steps))
        inputs = self.source.batches(self._plan(draws, images))
        for step, one in enumerate(progress.track(inputs, "training late interaction (steps)", steps)):
            draws.seed_networks(step, 0)
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * group["rate"] * 0.5 * (1 + math.cos(math.pi * step / steps))
            tokens = self._tokens(draws.part(step, 0, images[step], step / steps))
            loss = self._loss(tokens, self._patches(one, dropout=recipe.dropout), scale)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            for name, tensor in head.state_dict().items():
                average[name].lerp_(tensor, 1 - min(recipe.average, step / (step + 1)))
        head.load_state_dict(average)
        head.requires_grad_(False)
        head.turn(self._rotation().to(self.model.device))

    def _plan(self, draws: Draws, images: Sequence[NDArray[np.int64]]) -> list[PlannedBatch]:
        """Return what each step sees: its images, and after them the hard negatives, if the recipe wants any."""
        if not self.recipe.hard_negatives:
            return [PlannedBatch(some, draws.augmentation(step)) for step, some in enumerate(images)]
        found = hard_negatives(self.model, self.source, self.captions, self.trained)
        plan = []
        for step, some in enumerate(images):
            numbers = draws.part(step, 0, some, step / len(images)).numbers[:: self.recipe.captions_per_image]
            chance = np.random.default_rng([self.seed, step, self.recipe.hard_negatives])
            more = found.draw(np.repeat(numbers, self.recipe.hard_negatives), some, chance)
            plan.append(PlannedBatch(np.concatenate([some, more]), draws.augmentation(step)))
        return plan

    @torch.no_grad()
    def start(self) -> None:
        """Set the head to its closed-form start."""
        inputs = self.source.batches(plan_of(self.trained, AT_ONCE))
        features = torch.cat([self._places(one).mean(dim=1).cpu() for one in inputs])
        presence = caption_presence(self.model, self.captions, self.trained)
        idf = inverse_document_frequency(presence.sum(dim=0), len(presence))
        counts = caption_counts(self.model, self.captions, self.trained)
        ridge, _, _ = ridge_solution(features, caption_targets(counts, idf), self.recipe.strength)
        head = self._head
        head.start_from(ridge.to(self.model.device), idf.to(self.model.device))
        if self.recipe.token_weights == "equal":
            head.raw_weight.fill_(math.log(math.expm1(1)))

    def _rotation(self) -> Tensor:
        """Draw an orthogonal matrix.

        The start puts the largest numbers of all vectors in the same few places, and codes of few bits, whose steps
        are the same for every number, lose less where numbers are alike.
        """
        width = self.recipe.width
        chance = np.random.default_rng([self.seed, width]).standard_normal((width, width))
        return torch.from_numpy(np.linalg.qr(chance)[0])

    @property
    def _head(self) -> LateHead:
        assert self.model.late is not None, "the recipe has late"
        return self.model.late

    def _draws(self) -> Draws:
        return Draws(
            seed=self.seed,
            trained=self.trained,
            batch=min(self.recipe.batch_size, len(self.trained)),
            captions=self.captions,
            each=self.recipe.captions_per_image,
            image=self.image,
        )

    def _optimiser(self, scale: SimilarityScale) -> torch.optim.AdamW:
        head, recipe = self._head, self.recipe
        slow = [head.patches.weight, head.words, *([] if head.context is None else [head.context])]
        slow += [] if head.sentence is None else [head.sentence.weight]
        fast = [*([head.raw_weight] if recipe.token_weights == "learned" else []), *scale.parameters()]
        return torch.optim.AdamW(
            [
                {"params": slow, "weight_decay": recipe.weight_decay, "rate": 1.0},
                {"params": fast, "weight_decay": 0.0, "rate": recipe.weights_rate},
            ],
            lr=recipe.learning_rate,
        )

    def _places(self, inputs: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model.image.places(self.source.states(self.model, inputs))

    def _patches(self, inputs: Tensor, *, dropout: float) -> Tensor:
        return self._head.of_patches(functional.dropout(self._places(inputs), dropout))

    def _tokens(self, drawn: Draw) -> LateTokens:
        if self.states is None:
            return self.model.late_tokens(drawn.captions)
        states = functional.dropout(self.states.of(drawn.numbers), self.recipe.sentence_dropout)
        return self.model.late_tokens(drawn.captions, states)

    def _loss(self, tokens: LateTokens, patches: Tensor, scale: SimilarityScale) -> Tensor:
        each = self.recipe.captions_per_image
        images = len(tokens.vectors) // each
        found = scale(token_scores(tokens, patches), ALONE).view(images, each, len(patches))
        if self.recipe.directions == "text":
            return contrastive_loss(found)
        seen = scale(patch_scores(tokens, patches[:images]), ALONE).view(images, each, images)
        own = torch.arange(images, device=patches.device)
        texts = functional.cross_entropy(found.reshape(-1, len(patches)), own.repeat_interleave(each))
        pictures = torch.stack([functional.cross_entropy(seen[:, slot].T, own) for slot in range(each)]).mean()
        return (texts + pictures) / 2
