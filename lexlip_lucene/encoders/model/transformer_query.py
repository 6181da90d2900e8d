"""A transformer text side made ready for one query at a time on a CPU, in float32.

A dozen token ids are little to compute on: the time goes into reading the weights, 90 MB with 6 layers of 384 and
30,522 tokens. So linear layers are packed once into the blocks that oneDNN multiplies from (half of eager's time), the
last one with only the rows of the lexicon, and only the positions that are words go through it.

It is a copy: a later change of the model's weights does not reach it.
"""

import copy

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.encoders.model.tokens import TokenBatch
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate

PACKED_FOR = 12
"""Positions that the blocks are chosen for: a query of 10 word pieces. Others are multiplied as well."""


class PackedLinear(nn.Module):
    """x (…, in) → x · weightᵀ + bias (…, out), float32, from weights packed by oneDNN."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.bias = bias
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), PACKED_FOR)

    def forward(self, states: Tensor) -> Tensor:
        """Return the product."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(states, self.packed, self.bias, "none", [], "")
        return product


class TransformerQuery:
    """One tokenised text → its lexicon weights (1, tokens), as `LexLip.text_weights` gives them but for rounding."""

    def __init__(self, text: TransformerText) -> None:
        weight, bias = text.projection()
        self._text = text
        self._tokens = len(weight)
        self._projection = PackedLinear(weight, bias)
        self._length_power = text.spec.length_power
        self._network = _packed(text.network)

    def weights(self, tokens: TokenBatch) -> Tensor:
        """Return the weights of a batch of one text; a text without a word has none."""
        hidden: Tensor = self._network(input_ids=tokens.ids, attention_mask=tokens.attention.long()).logits
        words = hidden[tokens.words]
        if not len(words):
            return words.new_zeros(1, self._tokens)
        logits = self._projection(words).amax(dim=0, keepdim=True)
        logits = self._text.with_word_path(logits, tokens.ids, tokens.words)
        return divide_by_length(saturate(logits), self._length_power)


def can_pack() -> bool:
    """Return True if this build of torch has oneDNN's linear layers."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")


def _packed(network: nn.Module) -> nn.Module:
    """Return a copy of `network` with its linear layers packed; the other weights are shared."""
    shared = {id(tensor): tensor for tensor in network.state_dict(keep_vars=True).values()}
    copied = copy.deepcopy(network, shared)
    for module in list(copied.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, PackedLinear(child.weight, child.bias))
    return copied
