"""The whole network of the tagger: words, picture, what both say of each word, and the CRF's emissions.

    R = [T; visual half],  emissions = W R + b

Without a picture the visual half is zeros, so one model tags texts with a picture and without.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.entities.crf import LinearChainCrf
from lexlip_lucene.encoders.entities.maf import MatchGatedFusion
from lexlip_lucene.encoders.entities.word_batch import WordBatch
from lexlip_lucene.encoders.entities.word_states import WordStates
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.pixels import normalise
from lexlip_lucene.recipes.tagger_spec import FusionSpec, PictureSpec


class Seen(NamedTuple):
    """The result for a batch: `words` T (posts, words, width), `emissions` (posts, words, tags), `match` (posts,).

    `match` has the logits of P, which mean nothing for a post without a picture; None if no post has one.
    """

    words: Tensor
    emissions: Tensor
    match: Tensor | None


class TaggerNetwork(nn.Module):
    """Posts with or without pictures → emissions and match.

    Args:
        encoder: of the words, of transformers.
        tags: names of the tags.
        shapes: give words embeddings of their shape.
        picture: the image tower; None: the tagger sees no picture.
        fusion: how both are put together.
        from_hub: fetch the tower's weights.
    """

    def __init__(
        self,
        encoder: nn.Module,
        tags: Sequence[str],
        *,
        shapes: bool,
        picture: PictureSpec | None,
        fusion: FusionSpec,
        from_hub: bool = False,
    ) -> None:
        super().__init__()
        self.text = WordStates(encoder, shapes=shapes)
        self.tower = None if picture is None else ImageTower(picture.tower(), from_hub=from_hub)
        width = self.text.width
        self.dropout = nn.Dropout(fusion.dropout)
        self.fusion = None if self.tower is None else MatchGatedFusion(width, self.tower.width, fusion)
        self.emissions = nn.Linear(width if self.fusion is None else 2 * width, len(tags))
        self.crf = LinearChainCrf(tags)
        self.frozen_tower = False

    def train(self, mode: bool = True) -> "TaggerNetwork":
        """Set the mode; a frozen tower stays in that of evaluation, so that no statistics of its norms drift."""
        super().train(mode)
        if self.frozen_tower and self.tower is not None:
            self.tower.eval()
        return self

    def patches(self, pixels: Tensor) -> Tensor:
        """Return the states V of pictures (pictures, 3, size, size) uint8: (pictures, patches, patch width)."""
        assert self.tower is not None, "there is no image tower"
        states: Tensor = self.tower(normalise(pixels, self.tower.spec))
        return states

    def forward(
        self, batch: WordBatch, patches: Tensor | None, pictured: Tensor | None, told: Tensor | None = None
    ) -> Seen:
        """Look at posts.

        Args:
            batch: the words.
            patches: V of the posts that have a picture, in their order; None: none has.
            pictured: (posts,) bool, True for those.
            told: (posts,) bool, True for posts that the picture may tell something of; None: all that have one.
        """
        words = self.dropout(self.text(batch))
        if self.fusion is None or patches is None or pictured is None or not len(patches):
            none = words.new_zeros(words.shape) if self.fusion is not None else words[:, :, :0]
            return Seen(words, self.emissions(torch.cat([words, none], dim=2)), None)
        fused = self.fusion(words[pictured], batch.mask[pictured], patches)
        visual = words.new_zeros(words.shape)
        visual[pictured] = fused.visual
        if told is not None:
            visual = visual * told.view(-1, 1, 1)
        match = words.new_zeros(len(words))
        match[pictured] = fused.match
        return Seen(words, self.emissions(torch.cat([words, visual], dim=2)), match)
