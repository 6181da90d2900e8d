"""The two contrasts as parts of an objective: within the batch (phase 1), and against queues of keys (phase 2)."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.training_recipe import MomentumRecipe
from lexlip_lucene.training.formulas import contrastive_loss, momentum_contrastive_loss
from lexlip_lucene.training.losses.heaviest import keep_heaviest
from lexlip_lucene.training.losses.lexicon_queue import LexiconQueue
from lexlip_lucene.training.losses.momentum import Follower
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.scale import SimilarityScale


class InBatchContrast(nn.Module):
    """Every caption against every image of the batch, over all processes."""

    def __init__(self, scale: SimilarityScale) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch."""
        return contrastive_loss(self.scale(views.similarity, views.team))


class Keys(NamedTuple):
    """The momentum encoders' vectors of one process's images and captions, divided by length, then cut; no gradient."""

    documents: Tensor
    queries: Tensor


class MomentumContrast(nn.Module):
    """Captions against the momentum encoders' images and their queue, and images against texts alike.

    The queues have to be filled (`fill`) before the loss counts. As in the official code, the keys of the current
    batch are no negatives until they are in the queue; unlike there, another key of the same image never is one. A
    positive is cut to `top_k` like the keys of the queue: with more tokens it would win by them, whatever it matches.
    """

    def __init__(self, model: LexLip, recipe: MomentumRecipe, scale: SimilarityScale) -> None:
        super().__init__()
        self.scale = scale
        self.images = LexiconQueue(recipe.queue, recipe.top_k, len(model.lexicon))
        self.texts = LexiconQueue(recipe.queue, recipe.top_k, len(model.lexicon))
        self.follower, self.top_k = Follower(model, recipe.decay), recipe.top_k
        self.waiting: list[tuple[Keys, Views]] = []

    @property
    def is_filled(self) -> bool:
        """Whether both queues hold nothing but keys."""
        return self.images.full and self.texts.full

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
        """Follow the model and push the step's keys: once per optimiser step, and nowhere else."""
        self.follower.follow(model)
        for keys, views in self.waiting:
            self._push(keys, views)
        self.waiting.clear()

    def get_extra_state(self) -> dict[str, Any]:
        """Return the momentum encoders, which are no part of what trains."""
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
        others = Views(
            self.follower.model,
            views.recipe,
            views.team,
            views.source,
            views.inputs,
            views.whole,
            views.own,
            views.done,
            views.held_out,
        )
        if views.recipe.image.frozen:
            others.states = views.states
        return Keys(keep_heaviest(others.documents, self.top_k), keep_heaviest(others.queries, self.top_k))

    def _push(self, keys: Keys, views: Views) -> None:
        device = views.model.device
        images = torch.from_numpy(views.whole.images).to(device)
        each = len(views.whole.numbers) // len(images)
        self.images.push(views.team.gather(keys.documents), images)
        self.texts.push(views.team.gather(keys.queries), images.repeat_interleave(each))
