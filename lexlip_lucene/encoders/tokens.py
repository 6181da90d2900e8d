"""Texts → token ids. The tokenizer is a `tokenizers.Tokenizer`; transformers is needed to train one side, not here."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.errors import ModelError

TOKENIZER_FILE = "tokenizer.json"


class TokenBatch(NamedTuple):
    """ids (batch, length) long; `words`: positions that are neither special nor padding; `attention`: not padding."""

    ids: Tensor
    words: Tensor
    attention: Tensor


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load a model folder's tokenizer.

    Raises:
        ModelError: the file is missing or broken.
    """
    path = folder / TOKENIZER_FILE
    if not path.is_file():
        raise ModelError(f"{folder}: {TOKENIZER_FILE} is missing, so this is not a whole model folder")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception for every defect of the file
        raise ModelError(f"{path}: tokenizers can't read it: {error}") from None


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], *, max_length: int) -> TokenBatch:
    """Tokenise `texts`, cut at `max_length` tokens with the special ones, padded to the longest."""
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    encodings = tokenizer.encode_batch(list(texts))
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
