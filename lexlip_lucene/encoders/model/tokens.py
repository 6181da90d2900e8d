"""Texts → token ids. The tokenizer is a `tokenizers.Tokenizer`; transformers is needed to train one side, not here."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.encoders.model.tokenizer import encoded


class TokenBatch(NamedTuple):
    """ids (batch, length) long; `words`: positions that are neither special nor padding; `attention`: not padding."""

    ids: Tensor
    words: Tensor
    attention: Tensor


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], *, max_length: int) -> TokenBatch:
    """Tokenise `texts`, cut at `max_length` tokens with the special ones, padded to the longest."""
    encodings = encoded(tokenizer, texts, max_length=max_length)
    length = max((len(encoding.ids) for encoding in encodings), default=1) or 1
    ids = torch.zeros(len(encodings), length, dtype=torch.long)
    words = torch.zeros(len(encodings), length, dtype=torch.bool)
    attention = torch.zeros(len(encodings), length, dtype=torch.bool)
    for row, encoding in enumerate(encodings):
        used = len(encoding.ids)
        ids[row, :used] = torch.tensor(encoding.ids, dtype=torch.long)
        words[row, :used] = ~torch.tensor(encoding.special_tokens_mask, dtype=torch.bool)
        attention[row, :used] = True
    return TokenBatch(ids, words, attention)
