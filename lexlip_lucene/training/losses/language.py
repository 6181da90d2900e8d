"""Masked-language modelling by the text side (phase 1), and the prediction of masked words that a decoder shares."""

from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.recipes.training_recipe import LanguageRecipe, TrainingRecipe
from lexlip_lucene.training.losses.needs import Needs
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views


def masked_language_loss(logits: Tensor, labels: Tensor, count: float) -> Tensor:
    """Return the masked-language-modelling loss (BERT): of the text side itself, and of LexLIP's weak decoder (LexMLM).

        loss = Σ over masked positions of −log softmax(logits)[label] / count

    Where nothing is masked it is 0, with a gradient of 0.

    Args:
        logits: (masked, vocabulary) at only the masked positions.
        labels: (masked,) long, the row of the vocabulary that was there.
        count: masked positions of the whole batch, over all of its parts and processes; the parts' losses add up.
    """
    return functional.cross_entropy(logits, labels, reduction="sum") / max(count, 1.0)


class Language(Term):
    """The text side's prediction of the masked words of a caption (self-supervised; `masked_language_loss`)."""

    name = "language"
    key = "training.language"
    in_word_phase = True

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> LanguageRecipe | None:
        """Return `training.language`."""
        return training.language

    @classmethod
    def needs(cls, settings: LanguageRecipe) -> Needs:
        """Return the need of masked captions and of a transformer."""
        return Needs(masked=settings.mask, transformer=True)

    def forward(self, views: Views) -> Tensor:
        """Return this process's share of the mean over the team's masked words."""
        assert views.own.masked is not None, "the term needs masked captions"
        return prediction_loss(views, views.masked_hidden, views.own.masked.labels)


def prediction_loss(views: Views, hidden: Tensor, labels: Tensor) -> Tensor:
    """Return this process's share of the loss of predicting masked words among the whole vocabulary.

    Args:
        views: of the step.
        hidden: (own texts, length, width) states before the text side's vocabulary projection.
        labels: (own texts, length) long, the row to predict, below 0 where nothing is masked.
    """
    labels = labels.to(hidden.device)
    masked = labels >= 0
    weight, bias = text_of(views).vocabulary_projection()
    with views.network():
        logits = functional.linear(hidden[masked], weight, bias).float()
    return masked_language_loss(logits, labels[masked], float(views.team.total(masked.sum())))


def text_of(views: Views) -> TransformerText:
    """Return the text side, which is a transformer where a term needs one."""
    assert isinstance(views.model.text, TransformerText), "the term needs a transformer"
    return views.model.text
