"""Phase 1's masked-language modelling as parts of an objective: by the text side, and through the bottleneck."""

from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.encoders.pool.lexicon_pool import lexicon_pool
from lexlip_lucene.recipes.training_recipe import BottleneckRecipe
from lexlip_lucene.training.formulas import masked_language_loss
from lexlip_lucene.training.losses.bottleneck import WeakDecoder, lexicon_bottleneck
from lexlip_lucene.training.losses.views import Views


class Language(nn.Module):
    """The text side predicts the masked words of a caption (self-supervised MLM)."""

    def forward(self, views: Views) -> Tensor:
        """Return this process's share of the mean over the team's masked words."""
        assert views.own.masked is not None, "masked captions are drawn for this"
        return _predict(views, views.masked_hidden, views.own.masked.labels)


class Bottleneck(nn.Module):
    """A weak decoder predicts masked words from one bag-of-words vector: an image's, or the masked caption's own.

    One decoder serves both, and its words are read by the text side's own head.
    """

    def __init__(self, text: TransformerText, recipe: BottleneckRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        settings = cast(Any, text.network).config
        width = text.embeddings().shape[1]
        self.decoder = WeakDecoder(
            width, recipe.layers, settings.num_attention_heads, 4 * width, getattr(settings, "hidden_dropout_prob", 0.1)
        )

    def from_image(self, views: Views) -> Tensor:
        """Return the image→text loss."""
        each = len(views.own.numbers) // len(views.own.images)
        return self._decoded(views, views.image_logits.repeat_interleave(each, dim=0))

    def from_text(self, views: Views) -> Tensor:
        """Return the text→text loss; the bottleneck is that of the caption masked for the text side."""
        text = _text_of(views)
        weight, bias = text.projection()
        with views.network():
            pooled = lexicon_pool(views.masked_hidden, weight, bias, views.own.captions.words.to(weight.device))
        return self._decoded(views, pooled.logits.float())

    def _decoded(self, views: Views, logits: Tensor) -> Tensor:
        text, weakly_seen = _text_of(views), views.own.weakly_seen
        assert weakly_seen is not None, "weakly seen captions are drawn for this"
        device = views.model.device
        bottleneck = lexicon_bottleneck(logits, text.embeddings()[text.rows], self.recipe.normalisation)
        with views.network():
            embedded = text.embedded(weakly_seen.ids.to(device))
            states = self.decoder(bottleneck, embedded, views.own.captions.attention.to(device))
            hidden = text.transformed(states)
        return _predict(views, hidden, weakly_seen.labels)


def _predict(views: Views, hidden: Tensor, labels: Tensor) -> Tensor:
    """Score the masked positions of (own texts, length, width) against the whole vocabulary."""
    labels = labels.to(hidden.device)
    masked = labels >= 0
    weight, bias = _text_of(views).vocabulary_projection()
    with views.network():
        logits = functional.linear(hidden[masked], weight, bias).float()
    return masked_language_loss(logits, labels[masked], float(views.team.total(masked.sum())))


def _text_of(views: Views) -> TransformerText:
    assert isinstance(views.model.text, TransformerText), "the recipe's own check"
    return views.model.text
