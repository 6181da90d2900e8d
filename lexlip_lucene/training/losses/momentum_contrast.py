"""The momentum contrast of phase 2: captions and images against queues of the momentum encoders' keys."""

import math
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.training_recipe import MomentumRecipe, TrainingRecipe
from lexlip_lucene.training.losses.follower import Follower
from lexlip_lucene.training.losses.heaviest import keep_heaviest
from lexlip_lucene.training.losses.lexicon_queue import LexiconQueue
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import ALONE


def momentum_contrastive_loss(positive: Tensor, negatives: Tensor, excluded: Tensor | None = None) -> Tensor:
    """Return the momentum contrastive loss of one direction (MoCo, arXiv 1911.05722; LexLIP's phase 2).

        loss = mean over queries i of −log( e^p_i / (e^p_i + Σ_j e^n_ij) ),   j over the keys of the queue

    The other keys of the current batch are not negatives, as in the official LexLIP code: only those of the queue are.

    Args:
        positive: (n,) similarity of each query to the momentum key of its own other side, already scaled.
        negatives: (n, queue) similarity of each query to the keys of the queue, already scaled.
        excluded: (n, queue) bool, True where a key is of the query's own image and not a negative; None: nowhere.
    """
    if excluded is not None:
        negatives = negatives.masked_fill(excluded, float("-inf"))
    logits = torch.cat([positive.unsqueeze(1), negatives], dim=1)
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


class MomentumSettings(NamedTuple):
    """Settings of the momentum contrast: the weight `training.contrast`, and the part `training.momentum`."""

    weight: float
    recipe: MomentumRecipe


class Keys(NamedTuple):
    """The momentum encoders' vectors of one process's images and captions, divided by length, then cut; no gradient."""

    documents: Tensor
    queries: Tensor


class MomentumContrast(Term):
    """The contrast of captions with the momentum encoders' images and their queue, and of images with texts alike.

        loss = ½ [momentum_contrastive_loss(text→image) + mean over caption slots of the same (image→text)]

    The queues have to be filled (`fill`) before the loss counts. As in the official code, the keys of the current
    batch are not negatives until they are in the queue; unlike there, another key of the same image never is one. A
    positive is cut to `top_k` like the keys of the queue: with more tokens it would win by them, even without a match.
    """

    name = "momentum_contrast"
    key = "training.momentum"

    def __init__(self, settings: MomentumSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        model, recipe = parts.model, settings.recipe
        self.scale = parts.scale
        self.images = LexiconQueue(recipe.queue, recipe.top_k, len(model.lexicon))
        self.texts = LexiconQueue(recipe.queue, recipe.top_k, len(model.lexicon))
        self.follower, self.top_k = Follower(model, recipe.decay), recipe.top_k
        self.waiting: list[tuple[Keys, Views]] = []

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> MomentumSettings | None:
        """Return `training.momentum` with the weight `training.contrast`, or None if the weight is 0."""
        if training.momentum is None or not training.contrast:
            return None
        return MomentumSettings(training.contrast, training.momentum)

    @property
    def is_filled(self) -> bool:
        """True if both queues hold nothing but keys."""
        return self.images.full and self.texts.full

    def batches_before(self, images: int) -> int:
        """Return how many batches fill the queues."""
        return math.ceil(self.images.size / images) + 1

    def fill(self, views: Views) -> None:
        """Put a batch's keys into the queues without a loss."""
        self._push(self._keys(views), views)

    def forward(self, views: Views) -> Tensor:
        """Return this process's share of the loss; its keys wait for `after_step`."""
        keys = self._keys(views)
        self.waiting.append((keys, views))
        own = torch.from_numpy(views.own.images).to(views.model.device)
        each = len(views.queries) // len(own)
        t2i = self._loss(views.queries, keys.documents.repeat_interleave(each, dim=0), own.repeat_interleave(each), 0)
        i2t = torch.stack(
            [self._loss(views.documents, keys.queries[slot::each], own, 1) for slot in range(each)]
        ).mean()
        return (t2i + i2t) / 2 / views.team.size

    def after_step(self, model: LexLip) -> None:
        """Follow the model and push the step's keys: only here, once per optimiser step."""
        self.follower.follow(model)
        for keys, views in self.waiting:
            self._push(keys, views)
        self.waiting.clear()

    def get_extra_state(self) -> dict[str, Any]:
        """Return the momentum encoders, which do not train."""
        return self.follower.state_dict()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take the momentum encoders of a checkpoint."""
        self.follower.load_state_dict(state)

    def _loss(self, vectors: Tensor, positive: Tensor, owners: Tensor, side: int) -> Tensor:
        queue = (self.images, self.texts)[side]
        excluded = queue.owners == owners.unsqueeze(1)
        own = self.scale((vectors * positive).sum(dim=1), ALONE)
        return momentum_contrastive_loss(own, self.scale(queue.similarity(vectors), ALONE), excluded)

    @torch.no_grad()
    def _keys(self, views: Views) -> Keys:
        others = replace(views, model=self.follower.model)
        if views.recipe.image.frozen:
            others.states = views.states
        return Keys(keep_heaviest(others.documents, self.top_k), keep_heaviest(others.queries, self.top_k))

    def _push(self, keys: Keys, views: Views) -> None:
        device = views.model.device
        images = torch.from_numpy(views.whole.images).to(device)
        each = len(views.whole.numbers) // len(images)
        self.images.push(views.team.gather(keys.documents), images)
        self.texts.push(views.team.gather(keys.queries), images.repeat_interleave(each))
