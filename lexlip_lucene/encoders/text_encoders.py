"""The two text sides: a learned weight per token, or a transformer with a masked-language-model head.

Both map token ids to lexicon weights (batch, tokens). The static side needs no transformer at query time: a
query's weight of a token it contains is softplus of one learned number (inference-free, as in Li-LSR,
arXiv 2505.01452). The transformer side also weights words that the text lacks (LexLIP's own text encoder).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.pooling import max_over_positions, saturate
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import StaticTextSpec, TransformerTextSpec
from lexlip_lucene.vectors.lexicon import Lexicon


class StaticText(nn.Module):
    """Presence of a token times its learned weight."""

    position_of_row: Tensor

    def __init__(self, spec: StaticTextSpec, lexicon: Lexicon, vocabulary_size: int) -> None:
        super().__init__()
        self.spec = spec
        self.tokens = len(lexicon)
        positions = torch.full((vocabulary_size,), len(lexicon), dtype=torch.long)
        positions[torch.tensor(lexicon.rows, dtype=torch.long)] = torch.arange(len(lexicon))
        self.register_buffer("position_of_row", positions, persistent=False)
        self.raw_weight = nn.Parameter(torch.zeros(len(lexicon)))

    def start_from(self, weights: Tensor) -> None:
        """Set the token weights: (tokens,) float > 0, an inverse document frequency for one."""
        with torch.no_grad():
            self.raw_weight.copy_(torch.log(torch.expm1(weights)))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids (batch, length) and which of them count (bool) → weights (batch, tokens)."""
        if self.training and self.spec.token_keep < 1:
            mask = mask & (torch.rand(ids.shape, device=ids.device) < self.spec.token_keep)
        positions = self.position_of_row[ids].masked_fill(~mask, self.tokens)
        # One column more than there are tokens takes what is blocked or masked.
        presence = torch.zeros(len(ids), self.tokens + 1, device=ids.device).scatter_(1, positions, 1.0)
        return presence[:, : self.tokens] * functional.softplus(self.raw_weight)


class TransformerText(nn.Module):
    """A Hugging Face encoder with its masked-language-model head, max-pooled over the positions that count."""

    rows: Tensor

    def __init__(self, spec: TransformerTextSpec, lexicon: Lexicon, network: nn.Module) -> None:
        super().__init__()
        self.spec = spec
        self.network = network
        self.register_buffer("rows", torch.tensor(lexicon.rows, dtype=torch.long), persistent=False)

    def forward(self, ids: Tensor, mask: Tensor, attention: Tensor | None = None) -> Tensor:
        """Token ids (batch, length) → weights (batch, tokens).

        Args:
            ids: token ids with special tokens and padding.
            mask: bool, True at positions whose logits count (no special token, no padding).
            attention: bool, True where the network may look; None: where the mask is True.
        """
        seen = mask if attention is None else attention
        logits = self.network(input_ids=ids, attention_mask=seen.long()).logits
        return saturate(max_over_positions(logits[:, :, self.rows], mask))


def load_network(name: str) -> nn.Module:
    """Return the masked-language model of a hub name or a local folder, in float32; a head it lacks starts afresh.

    Raises:
        ModelError: it is neither here nor can it be fetched, or its encoder lacks tensors.
    """
    from transformers import AutoModelForMaskedLM

    try:
        with _quiet_loading():
            network, found = AutoModelForMaskedLM.from_pretrained(name, dtype=torch.float32, output_loading_info=True)
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
        ModelError: the architecture names no model that transformers knows.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig, AutoModelForMaskedLM

    try:
        network: nn.Module = AutoModelForMaskedLM.from_config(AutoConfig.for_model(**architecture), dtype=torch.float32)
    except (TypeError, ValueError, KeyError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"text.architecture {architecture}: transformers says: {reason}") from error
    return network
