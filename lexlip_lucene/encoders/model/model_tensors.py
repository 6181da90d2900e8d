"""The part of a model that goes into its folder: each tensor once, and the names of its tokenizer's special tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.errors import ModelError

COMPUTED = 1 << 30
"""Bytes of what a network computes of itself and its file does not hold: tables of relative positions, masks."""

LACKING = 64 << 20
"""Bytes that a file may lack of what is needed: the tensor that is missing is named then, when it is loaded."""


def tensors_once(model: nn.Module) -> dict[str, Tensor]:
    """Return the state dict with a tied tensor (BERT's embeddings and head) under only its first name.

    `safetensors.torch.save_model` would note the other names in an order that changes, and the file's sha256 with it.
    """
    names = {id(tensor): name for name, tensor in reversed(model.state_dict(keep_vars=True).items())}
    kept = set(names.values())
    return {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name in kept}


def fill_gaps(model: nn.Module, tensors: Mapping[str, Tensor], *, carried: Sequence[str]) -> None:
    """Load a file's tensors; those whose names begin as `carried` says are not in it, and stay as they are.

    Raises:
        RuntimeError: another tensor is missing, is not the model's, or has another shape.
    """
    missing, unknown = model.load_state_dict(dict(tensors), strict=False)
    once = tensors_once(model)
    lacking = [name for name in missing if name in once and not name.startswith(tuple(carried))]
    if lacking or unknown:
        raise RuntimeError(f"missing tensors {lacking[:3]}, unknown tensors {unknown[:3]}")


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """Return BERT's special tokens as transformers names them, those that the vocabulary has."""
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return {f"{name}_token": token for name, token in names.items() if tokenizer.token_to_id(token) is not None}


def require_held(shapes: nn.Module, weights: Path, *, carried: Sequence[str] = (), packed: bool = False) -> None:
    """Raise ModelError when a model needs more memory than the file of its weights, `weights`, can be the reason for.

    Args:
        shapes: the model on torch's meta device, whose tensors take no memory.
        weights: the file.
        carried: beginnings of the names of tensors that packages carry.
        packed: the file has matrices in a quarter of their bytes.
    """
    named = shapes.state_dict(keep_vars=True).items()
    saved = {id(tensor): 0 if name.startswith(tuple(carried)) else tensor.nbytes for name, tensor in named}
    computed = sum(tensor.nbytes for tensor in shapes.buffers() if id(tensor) not in saved)
    needed, held = sum(saved.values()), weights.stat().st_size * (4 if packed else 1)
    if needed > held + LACKING or computed > COMPUTED:
        raise ModelError(
            f"{weights} does not fit config.json beside it: that describes {needed / 1e9:.1f} GB of tensors and "
            f"{computed / 1e9:.1f} GB of tables, but the file has {held / 1e9:.1f} GB"
        )
