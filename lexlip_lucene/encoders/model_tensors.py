"""The part of a model that goes into its folder: each tensor once, and the names of its tokenizer's special tokens."""

from pathlib import Path

from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.errors import ModelError

COMPUTED = 1 << 30
"""Bytes of what a network computes of itself and its file need not hold: tables of relative positions, masks."""


def tensors_once(model: nn.Module) -> dict[str, Tensor]:
    """The state dict with a tied tensor (BERT's embeddings and head) under its first name alone.

    `safetensors.torch.save_model` would note the other names in an order that changes, and the file's sha256 with it.
    """
    names = {id(tensor): name for name, tensor in reversed(model.state_dict(keep_vars=True).items())}
    kept = set(names.values())
    return {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name in kept}


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """BERT's special tokens as transformers names them, those that the vocabulary has."""
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return {f"{name}_token": token for name, token in names.items() if tokenizer.token_to_id(token) is not None}


def require_held(shapes: nn.Module, weights: Path) -> None:
    """Raise ModelError when a model needs more memory than the file of its weights, `weights`, can be the reason for.

    Args:
        shapes: the model on torch's meta device, whose tensors take no memory.
        weights: the file.
    """
    tensors = {id(tensor): tensor for tensor in (*shapes.parameters(), *shapes.buffers())}.values()
    needed, held = sum(tensor.nbytes for tensor in tensors), weights.stat().st_size
    if needed > held + COMPUTED:
        raise ModelError(
            f"{weights} does not fit config.json beside it: that describes {needed / 1e9:.1f} GB of tensors, but the "
            f"file has {held / 1e9:.1f} GB"
        )
