"""The lexicon bottleneck of phase 1, and the weak decoder that has to see through it (LexMAE; LexLIP, ICCV 2023).

One vector, the mean of word embeddings weighted by an image's or a caption's own logits, replaces [CLS] before a
caption with half of its words masked. A decoder of two layers can't guess them from what is left, so the logits learn
to name them. With logits (2, 0) the softmax weights are (0.88, 0.12), the saturated ones (1, 0).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.encoders.pool.lexicon_pool import lexicon_pool
from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR, saturate
from lexlip_lucene.recipes.training_recipe import BottleneckRecipe, TrainingRecipe
from lexlip_lucene.training.losses.language import prediction_loss, text_of
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views


def lexicon_bottleneck(logits: Tensor, embeddings: Tensor, normalisation: str) -> Tensor:
    """Return the bag of words that the logits weigh: b = a · E, with a = softmax(l) or log(1 + relu(l)) / Σ of it.

    Softmax is what the official LexLIP code does, the saturated form is LexMAE's other choice; a vector without any
    logit above 0 stays zeros there, and one without any finite logit weighs all words alike under softmax. The gradient
    flows into the logits, and never into the embeddings.

    Args:
        logits: (batch, tokens) largest logit of each token over the positions.
        embeddings: (tokens, width) word embeddings of the lexicon's tokens.
        normalisation: `softmax` or `saturated`.

    Returns:
        (batch, width) float.
    """
    if normalisation == "softmax":
        bag = torch.softmax(logits.clamp(min=torch.finfo(logits.dtype).min), dim=1)
    else:
        assert normalisation == "saturated", f"normalisation is softmax or saturated, got {normalisation}"
        weights = saturate(logits)
        bag = weights / weights.sum(dim=1, keepdim=True).clamp(min=NORM_FLOOR)
    return bag @ embeddings.detach()


class WeakDecoder(nn.Module):
    """A decoder of a few fresh transformer layers, as BERT's (norm after each part, GELU), for images and texts alike.

    Args:
        width: of the text network's embeddings.
        layers: few; the official code has 2.
        heads: attention heads; a divisor of `width`.
        intermediate: width of the feed-forward part.
        dropout: probability of dropping an activation in training.
    """

    def __init__(self, width: int, layers: int, heads: int, intermediate: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, intermediate, dropout, activation="gelu", batch_first=True)
            for _ in range(layers)
        )

    def forward(self, bottleneck: Tensor, embedded: Tensor, attention: Tensor) -> Tensor:
        """Return the states (batch, length, width) from which the text side's projection predicts masked words.

        Args:
            bottleneck: (batch, width), which replaces the embedding at position 0 as it is: without a position or a
                norm of its own, as in the official code.
            embedded: (batch, length, width) the masked caption after the text network's embedding layer.
            attention: (batch, length) bool, False at padding; position 0 is not padding.
        """
        states = torch.cat([bottleneck.unsqueeze(1).to(embedded.dtype), embedded[:, 1:]], dim=1)
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=~attention)
        return states


@dataclass(frozen=True)
class BottleneckSettings:
    """Settings of one of the two losses: its weight, the share of words that `language` masks, the recipe's part."""

    weight: float
    masked: float
    recipe: BottleneckRecipe


class Bottleneck(Term):
    """A weak decoder's prediction of masked words from one bag-of-words vector; the base of both losses.

        loss = mean over masked words of −log softmax(decoder([a · E ; masked caption]))[word],   a = softmax(logits)

    One decoder serves both, and its words are read by the text side's own head (LexMAE; LexLIP's phase 1, LexMLM).
    """

    key = "training.bottleneck"
    in_word_phase = True
    weighed_by: ClassVar[Literal["image_weight", "text_weight"]]
    """The recipe's key, below `training.bottleneck`, that has the weight."""

    masked: ClassVar[bool]
    """True if the bottleneck is that of a caption masked for the text side."""

    def __init__(self, settings: BottleneckSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        text = parts.model.text
        assert isinstance(text, TransformerText), "the term needs a transformer"
        self.normalisation = settings.recipe.normalisation
        self.decoder = parts.once("decoder", lambda: decoder_for(text, settings.recipe))

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> BottleneckSettings | None:
        """Return `training.bottleneck` with this loss's weight, or None if that is 0."""
        recipe = training.bottleneck
        if recipe is None or not getattr(recipe, cls.weighed_by):
            return None
        masked = training.language.mask if training.language is not None else 0.0
        return BottleneckSettings(getattr(recipe, cls.weighed_by), masked, recipe)

    @classmethod
    def needs(cls, settings: BottleneckSettings) -> Needs:
        """Return the need of captions masked for the decoder, and of a transformer."""
        masked = settings.masked if cls.masked else 0.0
        return Needs(masked=masked, weakly_seen=settings.recipe.mask, transformer=True)

    def forward(self, views: Views) -> Tensor:
        """Return this process's share of the mean over the team's masked words."""
        text, weakly_seen = text_of(views), views.own.weakly_seen
        assert weakly_seen is not None, "the term needs weakly seen captions"
        device = views.model.device
        bottleneck = lexicon_bottleneck(self.logits(views), text.embeddings()[text.rows], self.normalisation)
        with views.network():
            embedded = text.embedded(weakly_seen.ids.to(device))
            states = self.decoder(bottleneck, embedded, views.own.captions.attention.to(device))
            hidden = text.transformed(states)
        return prediction_loss(views, hidden, weakly_seen.labels)

    def logits(self, views: Views) -> Tensor:
        """Return the logits (own texts, tokens) float32 that the bottleneck weighs words by."""
        raise NotImplementedError


class ImageToText(Bottleneck):
    """Image→text: the bottleneck is the image's lexicon vector, for each of its captions."""

    name = "image_to_text"
    weighed_by = "image_weight"
    masked = False

    def logits(self, views: Views) -> Tensor:
        """Return the images' logits."""
        each = len(views.own.numbers) // len(views.own.images)
        return views.image_logits.repeat_interleave(each, dim=0)


class TextToText(Bottleneck):
    """Text→text: the bottleneck is that of the caption masked for the text side."""

    name = "text_to_text"
    weighed_by = "text_weight"
    masked = True

    def logits(self, views: Views) -> Tensor:
        """Return the masked captions' logits."""
        weight, bias = text_of(views).projection()
        with views.network():
            pooled = lexicon_pool(views.masked_hidden, weight, bias, views.own.captions.words.to(weight.device))
        return pooled.logits.float()


def decoder_for(text: TransformerText, recipe: BottleneckRecipe) -> WeakDecoder:
    """Return a fresh decoder as wide as the text side's embeddings."""
    settings = cast(Any, text.network).config
    width = text.embeddings().shape[1]
    dropout = getattr(settings, "hidden_dropout_prob", 0.1)
    return WeakDecoder(
        width, recipe.layers, heads=settings.num_attention_heads, intermediate=4 * width, dropout=dropout
    )
