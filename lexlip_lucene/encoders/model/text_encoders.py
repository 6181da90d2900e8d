"""The two text sides: a learned weight per token, or a transformer with a masked-language-model head.

Both map token ids to lexicon weights (batch, tokens). The static side needs no transformer at query time: a
query's weight of a token it contains is softplus of one learned number (inference-free, as in Li-LSR,
arXiv 2505.01452). The transformer side also weights words that the text lacks (LexLIP's own text encoder); with a word
path it starts where the static side does, and learns what the context changes.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.model.own_words import OwnWords
from lexlip_lucene.encoders.model.static_query import StaticQuery, TranslationTable
from lexlip_lucene.encoders.model.translation import Translation
from lexlip_lucene.encoders.pool.lexicon_pool import lexicon_logits
from lexlip_lucene.encoders.pool.saturation import saturate
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.architecture import allowed, shaping
from lexlip_lucene.recipes.model_spec import StaticTextSpec, TransformerTextSpec
from lexlip_lucene.vectors.lexicon import Lexicon

CONTEXT_START = 0.1
"""Factor on a fresh network's logits beside a word path: what has learned nothing yet has little say."""


class StaticText(nn.Module):
    """Presence of a token times its learned weight, and with a `Translation` the tokens that these call for.

    In training a text has its own words only: what pictures learn of others then is no better for the table.
    """

    def __init__(self, spec: StaticTextSpec, lexicon: Lexicon, vocabulary_size: int) -> None:
        super().__init__()
        self.spec = spec
        self.own = OwnWords(lexicon, vocabulary_size, spec.token_keep)
        self.raw_weight = nn.Parameter(torch.zeros(len(lexicon)))
        self.translation = None if spec.translation is None else Translation(spec.translation, len(lexicon))

    def start_from(self, weights: Tensor) -> None:
        """Set the token weights: (tokens,) float > 0, an inverse document frequency for one."""
        with torch.no_grad():
            self.raw_weight.copy_(torch.log(torch.expm1(weights)))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map token ids (batch, length), and True for those that count, to weights (batch, tokens)."""
        return self.weigh(ids, mask, functional.softplus(self.raw_weight))

    def weigh(self, ids: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
        """Return the same for another weight (tokens,) of each token."""
        own: Tensor = self.own(ids, mask) * weight
        if self.translation is None or self.training:
            return own
        whole: Tensor = self.translation(own, self.own.positions(ids, mask))
        return whole

    def at_query_time(self, lexicon: Lexicon) -> StaticQuery:
        """Return the same for single texts, without torch."""
        table = self.translation
        return StaticQuery(
            lexicon,
            self.raw_weight.detach().cpu().numpy(),
            self.spec.length_power,
            None if table is None else TranslationTable(table.further.cpu().numpy(), table.share.cpu().numpy()),
        )


class OutputProjection(nn.Module):
    """The last layer of a masked-language model, in its place and under its name, but no longer applied there.

    The network then gives the hidden states that the layer would have been applied to. Its weight and bias are the
    layer's own parameters, tied to others where those were.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.weight = layer.weight
        self.bias = layer.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """Return `hidden` as it is."""
        return hidden


class TransformerText(nn.Module):
    """A Hugging Face encoder with its masked-language-model head, max-pooled over the positions that count.

    The network it is given changes: its output embeddings become an `OutputProjection`.

    Raises:
        ModelError: the network's output embeddings are not a linear layer.
    """

    rows: Tensor

    def __init__(self, spec: TransformerTextSpec, lexicon: Lexicon, network: nn.Module) -> None:
        super().__init__()
        self.spec = spec
        self.network = network
        self.register_buffer("rows", torch.tensor(lexicon.rows, dtype=torch.long), persistent=False)
        layer = cast(Any, network).get_output_embeddings()
        if not isinstance(layer, nn.Linear | OutputProjection):
            raise ModelError(
                f"the text network must end in one linear layer over its vocabulary, but {type(network).__name__} "
                f"ends in {type(layer).__name__}: take a BERT-like masked-language model"
            )
        cast(Any, network).set_output_embeddings(OutputProjection(layer))
        self.own = OwnWords(lexicon, cast(Any, network).get_input_embeddings().num_embeddings, spec.token_keep)
        self.word_logit = nn.Parameter(torch.zeros(len(lexicon))) if spec.word_path else None
        self.log_context = nn.Parameter(torch.tensor(math.log(CONTEXT_START))) if spec.word_path else None

    def start_from(self, weights: Tensor) -> None:
        """Start the word path from token weights: (tokens,) float > 0, an inverse document frequency for one.

        A text's own words have weights in these proportions then, log(1 + logit) of 1 for the largest, but for what the
        network says of them. All of the network's logits are lowered by 1, which a softmax does not see, so that what a
        fresh one says at random puts no further word into a text.
        """
        assert self.word_logit is not None, "there is no word path to start"
        bias = self.vocabulary_projection()[1]
        with torch.no_grad():
            self.word_logit.copy_(torch.expm1(weights / weights.max()))
            if bias is not None:
                bias -= 1

    def forward(self, ids: Tensor, mask: Tensor, attention: Tensor | None = None) -> Tensor:
        """Map token ids (batch, length) to weights (batch, tokens); the arguments are those of `logits`."""
        return saturate(self.logits(ids, mask, attention))

    def logits(self, ids: Tensor, mask: Tensor, attention: Tensor | None = None) -> Tensor:
        """Map token ids (batch, length) to the largest logit of each token (batch, tokens), −inf without a word.

        Args:
            ids: token ids with special tokens and padding.
            mask: bool, True at positions whose logits count (no special token, no padding).
            attention: bool, True where the network may look; None: where the mask is True.
        """
        return self.logits_of(self.hidden(ids, mask if attention is None else attention), ids, mask)

    def logits_of(self, hidden: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Map the result of `hidden`, and the ids it is of, to the largest logit of each token (batch, tokens)."""
        return self.with_word_path(lexicon_logits(hidden, *self.projection(), mask), ids, mask)

    def with_word_path(self, logits: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Return e^c · l + presence · θ of the network's largest logits l (batch, tokens), or l without a word path."""
        if self.word_logit is None or self.log_context is None:
            return logits
        finite = logits.clamp(min=torch.finfo(logits.dtype).min)  # −inf would make the gradient of c no number
        moved: Tensor = self.log_context.exp() * finite + self.own(ids, mask) * self.word_logit
        return moved

    def hidden(self, ids: Tensor, attention: Tensor) -> Tensor:
        """Map token ids and the attention mask (batch, length) to states (batch, length, width) before a projection."""
        hidden: Tensor = self.network(input_ids=ids, attention_mask=attention.long()).logits
        width = self.vocabulary_projection()[0].shape[1]
        if hidden.shape[-1] != width:
            raise ModelError(
                f"the text network must give states of width {width} without its last layer, but "
                f"{type(self.network).__name__} gives {hidden.shape[-1]}: take a BERT-like masked-language model"
            )
        return hidden

    def projection(self) -> tuple[Tensor, Tensor | None]:
        """Return weight (tokens, width) and bias (tokens,) of the lexicon's tokens, in its order."""
        weight, bias = self.vocabulary_projection()
        return weight[self.rows], None if bias is None else bias[self.rows]

    def vocabulary_projection(self) -> tuple[Tensor, Tensor | None]:
        """Return weight (vocabulary, width) and bias (vocabulary,): the masked-language model's, of all rows."""
        layer = cast(Any, self.network).get_output_embeddings()
        return layer.weight, layer.bias

    def embeddings(self) -> Tensor:
        """Return the input embeddings (vocabulary, width), before the network adds positions or normalises them."""
        weight: Tensor = cast(Any, self.network).get_input_embeddings().weight
        return weight

    def embedded(self, ids: Tensor) -> Tensor:
        """Map token ids (batch, length) to the first layer's input (batch, length, width), with positions."""
        embedded: Tensor = cast(Any, self.network).base_model.embeddings(input_ids=ids)
        return embedded

    def transformed(self, states: Tensor) -> Tensor:
        """Apply the head without its last layer to the last states (batch, length, width)."""
        network = cast(Any, self.network)
        for name in ("cls", "lm_head", "predictions"):  # of BERT, RoBERTa and ALBERT, and of what is made like them
            if hasattr(network, name):
                hidden: Tensor = getattr(network, name)(states)
                return hidden
        if hasattr(network, "vocab_transform"):  # DistilBERT
            hidden = network.vocab_layer_norm(network.activation(network.vocab_transform(states)))
            return hidden
        raise ModelError(
            f"the bottleneck needs a text network whose masked-language head is known, but {type(network).__name__} "
            "has no cls, lm_head, predictions or vocab_transform: take BERT, DistilBERT, RoBERTa or ALBERT"
        )


def load_network(name: str) -> nn.Module:
    """Return the masked-language model of a hub name or a local folder, in float32; a head it lacks starts afresh.

    Only safetensors are read, and of its config only what shapes the network.

    Raises:
        ModelError: it is neither here nor can it be fetched, is of a kind that is not known here, or its encoder lacks
            tensors.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM

    try:
        with _quiet_loading():
            whole = AutoConfig.from_pretrained(name, trust_remote_code=False).to_dict()
            network, found = AutoModelForMaskedLM.from_pretrained(
                name,
                config=AutoConfig.for_model(**allowed(shaping(whole))),
                dtype=torch.float32,
                output_loading_info=True,
                use_safetensors=True,
                trust_remote_code=False,
            )
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"text.model {name}: a hub name or a folder of transformers is needed: {reason}") from error
    missing = sorted(key for key in found["missing_keys"] if key.startswith(f"{network.base_model_prefix}."))
    if missing:
        raise ModelError(
            f"text.model {name}: its weights must hold the whole encoder, but {len(missing)} tensors are missing, "
            f"{missing[0]} among them"
        )
    loaded: nn.Module = network
    return loaded


@contextmanager
def _quiet_loading() -> Iterator[None]:
    """Hide the bar and the report of transformers, which calls a checkpoint without a head corrupt."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def fresh_network(architecture: dict[str, Any]) -> nn.Module:
    """Return an untrained masked-language model of a Hugging Face config (with its `model_type`).

    Raises:
        ModelError: the architecture has a key or value that it may not have, or transformers can't build it.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM

    try:
        config = AutoConfig.for_model(**allowed(architecture))
        network: nn.Module = AutoModelForMaskedLM.from_config(config, dtype=torch.float32)
    except Exception as error:  # transformers checks few values: its layers raise errors of any kind
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"text.architecture: {reason}") from error
    return network
