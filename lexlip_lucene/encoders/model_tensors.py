"""What of a model goes into its folder: each tensor once, and the names of its tokenizer's special tokens."""

from tokenizers import Tokenizer
from torch import Tensor, nn


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
