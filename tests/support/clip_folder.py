"""A tiny CLIP or SigLIP with random weights, as transformers keeps one in a folder."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

from support import tiny

LENGTH = 12
"""Positions of the text tower."""


def clip_folder(folder: Path, kind: str) -> Path:
    """Write a CLIP or SigLIP of one layer a side, with the tokenizer of `tiny`."""
    text = {"vocab_size": len(tiny.VOCABULARY), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": LENGTH, "pad_token_id": 0, "bos_token_id": 2}
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision |= {"image_size": 32, "patch_size": 16}
    torch.manual_seed(0)
    network: Any
    if kind == "clip":
        network = CLIPModel(CLIPConfig(text_config={**text, "eos_token_id": 3}, vision_config=vision, projection_dim=8))
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    else:
        network = SiglipModel(SiglipConfig(text_config={**text, "eos_token_id": 3}, vision_config=vision))
        SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    network.save_pretrained(folder)
    cased = Tokenizer.from_str(tiny.tokenizer().to_str())
    cased.normalizer = None  # so that lower case is the caller's to see to
    PreTrainedTokenizerFast(
        tokenizer_object=cased, pad_token="[PAD]", unk_token="[UNK]", model_max_length=1000
    ).save_pretrained(folder)
    return folder
