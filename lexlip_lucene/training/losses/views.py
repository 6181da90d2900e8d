"""Views of one part of a step: the tensors that losses are computed from, each computed at its first use, and once.

A tensor is of this process's own images unless its description says that it is of the whole team.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.dense import mean_of_words
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText, TransformerText
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.draws import Draw
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.expansion import within_own_words
from lexlip_lucene.training.examples.sources import ImageSource
from lexlip_lucene.training.formulas import Alike
from lexlip_lucene.training.losses.alike import near_images, same_words
from lexlip_lucene.training.losses.heaviest import keep_heaviest
from lexlip_lucene.training.parallel import Team
from lexlip_lucene.training.start.held_out import HeldOut


@dataclass
class Views:
    """One part of a step through one model.

    Attributes:
        model, recipe, team: of the run.
        source, inputs: where the images come from, and this process's own of this part.
        whole, own: what was drawn for all processes and for this one.
        done: share of the run.
        held_out: offsets of the images' logits in training; None: none.
        captions: all captions, for batches of neighbours.
        weights: (all captions,) float ≥ 0 of each caption with its image, by its number; None: all count alike.
    """

    model: LexLip
    recipe: EncoderRecipe
    team: Team
    source: ImageSource
    inputs: Tensor
    whole: Draw
    own: Draw
    done: float
    held_out: HeldOut | None = None
    captions: CaptionTokens | None = None
    weights: Tensor | None = None

    def network(self) -> torch.autocast:
        """Return the context that the networks compute in; losses stay in float32."""
        lower = self.recipe.training.precision == "bfloat16"
        return torch.autocast(self.model.device.type, torch.bfloat16, enabled=lower)

    @cached_property
    def states(self) -> Tensor:
        """Backbone states of the own images (own, positions, width)."""
        with self.network():
            return self.source.states(self.model, self.inputs)

    @cached_property
    def adapted(self) -> tuple[Tensor, Tensor]:
        """Adapted states (own, positions, adapter width) and mean states (own, width)."""
        with self.network():
            return self.model.image.adapted(self.states)

    @cached_property
    def image_hidden(self) -> Tensor:
        """States of the lexicon head's positions before its last layer (own, positions, adapter width)."""
        with self.network():
            hidden: Tensor = self.model.image.head(self.adapted[0])
        return hidden

    @cached_property
    def image_logits(self) -> Tensor:
        """Largest logit of each token (own, tokens) float32."""
        with self.network():
            logits = self.model.image.logits_of_hidden(self.image_hidden, self.adapted[1]).float()
        if self.held_out is None:
            return logits
        return logits + self.held_out.logits[torch.from_numpy(self.own.images)].to(logits)

    @cached_property
    def image_weights(self) -> Tensor:
        """Lexicon weights (own, tokens) of images before any cut or division by length."""
        return saturate(self.image_logits)

    @cached_property
    def text_hidden(self) -> Tensor:
        """A transformer's states of the captions as they are, before the projection (own texts, length, width)."""
        text = self.model.text
        assert isinstance(text, TransformerText), "a static text side has no states"
        with self.network():
            return text.hidden(
                self.own.captions.ids.to(self.model.device), self.own.captions.attention.to(self.model.device)
            )

    @cached_property
    def all_text_weights(self) -> Tensor:
        """Lexicon weights (own texts, tokens) of the captions, with all tokens, also those not to be kept."""
        text = self.model.text
        with self.network():
            if isinstance(text, StaticText):
                return self.model.raw_text_weights(self.own.captions)
            ids, words, _ = (part.to(self.model.device) for part in self.own.captions)
            return saturate(text.logits_of(self.text_hidden, ids, words).float())

    @cached_property
    def text_weights(self) -> Tensor:
        """Lexicon weights (own texts, tokens) of the captions as they are, before any cut or division by length."""
        weights = self.all_text_weights
        if not self.own.admitted:
            ids, words, _ = (part.to(weights.device) for part in self.own.captions)
            weights = within_own_words(weights, self.model.text.own.presence(ids, words))
        return weights

    @cached_property
    def documents(self) -> Tensor:
        """Images as the similarity sees them (own, tokens)."""
        return divide_by_length(self._cut(self.image_weights), self.image_power)

    @cached_property
    def all_documents(self) -> Tensor:
        """Images of the team as the similarity sees them (images, tokens)."""
        return self.team.gather(self.documents)

    @cached_property
    def alike(self) -> Alike | None:
        """Pairs of images of the team that are no negatives of each other; None: all are, as in a shuffle's batch."""
        recipe = self.recipe.training.neighbours
        if recipe is None or not recipe.has_begun(self.done):
            return None
        assert self.captions is not None, "a run of neighbours knows all captions"
        worded = same_words(self.captions, self.whole.images, self.whole.numbers)
        near = near_images(self.all_documents.detach(), recipe.near)
        return Alike(near | worded.to(near.device), positives=recipe.alike == "positives")

    @cached_property
    def queries(self) -> Tensor:
        """Captions as the similarity sees them (own texts, tokens)."""
        return divide_by_length(self._cut(self.text_weights), self.text_power)

    @cached_property
    def similarity(self) -> Tensor:
        """Unscaled similarity of every caption to every image of the team (images, captions an image, images)."""
        return self.paired(self.team.gather(self.queries) @ self.all_documents.T)

    @cached_property
    def dense_similarity(self) -> Tensor:
        """Cosine of every caption and every image of the team in the dense twin (images, captions an image, images)."""
        dense = self.model.dense
        assert dense is not None, "the recipe has a dense twin"
        with self.network():
            images = dense.image(*self.adapted, raw=True).float()
            if isinstance(self.model.text, StaticText):
                texts = dense.text(self.all_text_weights).float()
            else:
                words = self.own.captions.words.to(self.model.device)
                texts = dense.text(mean_of_words(self.text_hidden, words)).float()
        if self.held_out is not None and self.held_out.dense is not None:
            images = images + self.held_out.dense[torch.from_numpy(self.own.images)].to(images)
        images = functional.normalize(images, dim=1)
        return self.paired(self.team.gather(texts) @ self.team.gather(images).T)

    @cached_property
    def masked_hidden(self) -> Tensor:
        """States of the masked captions before the vocabulary projection (own texts, length, width)."""
        assert isinstance(self.model.text, TransformerText) and self.own.masked is not None, "the recipe's own check"
        device = self.model.device
        with self.network():
            return self.model.text.hidden(self.own.masked.ids.to(device), self.own.captions.attention.to(device))

    def _cut(self, weights: Tensor) -> Tensor:
        """Cut vectors for the similarity. FLOPS sees all: only it can shorten the tail, which gets no gradient here."""
        return keep_heaviest(weights, self.recipe.training.train_top_k)

    @property
    def image_power(self) -> float:
        """Power of the length that images are divided by in training."""
        power = self.recipe.training.image_length_power
        return self.model.config.image.length_power if power is None else power

    @property
    def text_power(self) -> float:
        """Power of the length that texts are divided by in training."""
        power = self.recipe.training.text_length_power
        return self.model.config.text.length_power if power is None else power

    @property
    def pair_weights(self) -> Tensor | None:
        """Weights of the team's pairs (images, captions an image) for the contrast; None: all count alike."""
        if self.weights is None:
            return None
        drawn = self.weights[torch.from_numpy(self.whole.numbers)].to(self.model.device)
        return drawn.view(len(self.whole.images), self.recipe.training.captions_per_image)

    def paired(self, similarity: Tensor) -> Tensor:
        """Return (texts, images) as (images, captions an image, images)."""
        return similarity.view(len(self.whole.images), self.recipe.training.captions_per_image, -1)
