"""One step of a tagger's training: the loss of a batch of posts, some of whose pictures are exchanged."""

from typing import NamedTuple

import torch
from numpy.random import Generator
from torch import Tensor

from lexlip_lucene.data.entities.iob2 import tags_of
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.recipes.tagger_recipe import TaggerTrainingRecipe
from lexlip_lucene.training.tagger.picture_swap import swapped
from lexlip_lucene.training.tagger.post_pictures import PostPictures
from lexlip_lucene.training.tagger.tagged_data import PostSet
from lexlip_lucene.training.tagger.tagger_losses import Alignment, match_loss


class StepLoss(NamedTuple):
    """The loss of a step, with a gradient, and its parts."""

    whole: Tensor
    tags: float
    match: float = 0.0
    alignment: float = 0.0


class TaggerStep:
    """Batches of post numbers → losses.

    Args:
        network: that trains.
        alignment: of its loss; None for a tagger without pictures.
        cutter: of its tokenizer.
        posts: trained on.
        pictures: of those posts.
        recipe: of the training.
        rng: decides which pictures change places, and which words are hidden.
    """

    def __init__(
        self,
        network: TaggerNetwork,
        alignment: Alignment | None,
        cutter: WordCutter,
        posts: PostSet,
        pictures: PostPictures,
        recipe: TaggerTrainingRecipe,
        rng: Generator,
    ) -> None:
        self.network, self.alignment, self.cutter = network, alignment, cutter
        self.posts, self.pictures, self.recipe, self.rng = posts, pictures, recipe, rng
        number = {tag: at for at, tag in enumerate(network.crf.tags)}
        # As strict reading has them: an `I-` that goes on from nothing, as Twitter-2015 has some, is no entity's.
        self._tags = [
            torch.tensor([number[tag] for tag in tags_of(post.entities, len(post.words))]) for post in posts.posts
        ]

    def __call__(self, numbers: list[int]) -> StepLoss:
        """Return the loss of the posts with these numbers."""
        device = self.network.emissions.weight.device
        batch = self.cutter.batch([self._words(at) for at in numbers]).to(device)
        tags = torch.zeros(batch.mask.shape, dtype=torch.long)
        for row, at in enumerate(numbers):
            tags[row, : len(self._tags[at])] = self._tags[at]
        own = [self.pictures.of_post[at] for at in numbers]
        held = [number for number in own if number >= 0]
        if not held:
            seen = self.network(batch, None, None)
            loss = -self.network.crf.log_likelihood(seen.emissions, tags.to(device), batch.mask).mean()
            return StepLoss(self.recipe.tag_share * loss, loss.item())
        pictured = torch.tensor([number >= 0 for number in own], device=device)
        patches = self.pictures.patches(self.network, held)
        swap = swapped(held, self.recipe.swapped, self.rng)
        wrong = torch.from_numpy(swap.wrong).to(device)
        told = pictured.clone()
        told[pictured] = ~wrong
        seen = self.network(batch, patches[torch.from_numpy(swap.source).to(device)], pictured, told)
        loss = -self.network.crf.log_likelihood(seen.emissions, tags.to(device), batch.mask).mean()
        assert seen.match is not None and self.alignment is not None, "the batch has pictures"
        match = match_loss(seen.match[pictured], wrong)
        numbered = torch.tensor(held, device=device)
        aligned = self.alignment(seen.words[pictured], batch.mask[pictured], patches, numbered)
        share = self.recipe.tag_share
        return StepLoss(share * loss + (1 - share) * (match + aligned), loss.item(), match.item(), aligned.item())

    def _words(self, at: int) -> list[str]:
        words = self.posts.posts[at].words
        if not self.recipe.word_dropout:
            return list(words)
        hidden = self.rng.random(len(words)) < self.recipe.word_dropout
        return ["[UNK]" if hide else word for word, hide in zip(words, hidden, strict=True)]
