"""A sentence model for tests: a BERT of one layer, untrained, with the vocabulary of `tiny`."""

from pathlib import Path

import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from support import tiny

WIDTH = 16


def write(folder: Path) -> str:
    """Write the model into `folder`, and return it as recipes name it."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tiny.VOCABULARY),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer(), pad_token="[PAD]").save_pretrained(folder)
    return str(folder)
