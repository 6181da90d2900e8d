"""A model's tokenizer, and texts cut into token ids by it; no torch.

Several threads may encode with one tokenizer as long as none changes it. So the length of texts is set once, when a
model is made, and a caller that needs whole texts takes a copy.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from lexlip_lucene.encoders.model.model_files import require_readable
from lexlip_lucene.errors import ModelError

TOKENIZER_FILE = "tokenizer.json"

_TRUNCATION = {"stride": 0, "strategy": "longest_first", "direction": "right"}
"""The settings of `enable_truncation` beside the length, by default."""

LARGEST = 256 << 20
"""Bytes of a tokenizer's file: the largest that are known, of 250,000 tokens, have 35 MB."""


def load_tokenizer(folder: Path, *, rows: int | None = None, name: str = TOKENIZER_FILE) -> Tokenizer:
    """Load a model folder's tokenizer.

    Args:
        folder: of the model.
        name: of the file.
        rows: token ids must be below this; None: not looked at.

    Raises:
        ModelError: the file is missing, broken, or can't be read, or has other ids.
    """
    path = folder / name
    require_readable(path)
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path}: a tokenizer of at most {LARGEST} bytes is needed, got {path.stat().st_size}")
    with _defects_named(f"{path}: tokenizers can't read it"):
        tokenizer = Tokenizer.from_file(str(path))
    if rows is not None:
        _require_ids(tokenizer, rows, path)
    return tokenizer


def _require_ids(tokenizer: Tokenizer, rows: int, path: Path) -> None:
    if tokenizer.get_vocab_size() != rows:
        raise ModelError(
            f"{path.parent}: its tokenizer has {tokenizer.get_vocab_size()} tokens, but config.json says {rows}: the "
            "files are of two models"
        )
    with _defects_named(f"{path}: tokenizers can't encode with it"):
        framing = tokenizer.encode("").ids
    highest = max(*tokenizer.get_vocab().values(), *framing, 0)
    if highest >= rows:
        raise ModelError(f"{path}: token ids below {rows}, the number of tokens, are needed, got {highest}")


def cut_at(tokenizer: Tokenizer, max_length: int) -> None:
    """Have the tokenizer cut texts at `max_length` tokens with the special ones, without padding.

    A tokenizer that does so already is not changed, so that it may be at work in another thread.

    Raises:
        ModelError: the tokenizer can't do that.
    """
    with _defects_named("the model's tokenizer can't encode a text"):
        if tokenizer.truncation != {**_TRUNCATION, "max_length": max_length}:
            tokenizer.enable_truncation(max_length)
        if tokenizer.padding is not None:
            tokenizer.no_padding()


def uncut(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy of the tokenizer that leaves texts whole, without padding."""
    copied = Tokenizer.from_str(tokenizer.to_str())
    copied.no_truncation()
    copied.no_padding()
    return copied


def encoded(tokenizer: Tokenizer, texts: Sequence[str], *, max_length: int) -> list[Encoding]:
    """Tokenise `texts`, cut at `max_length` tokens with the special ones, without padding.

    Raises:
        ModelError: the tokenizer can't do that.
    """
    cut_at(tokenizer, max_length)
    with _defects_named("the model's tokenizer can't encode a text"):
        if len(texts) == 1:  # a batch wakes the tokenizer's threads up
            return [tokenizer.encode(texts[0])]
        return list(tokenizer.encode_batch(list(texts)))


@contextmanager
def _defects_named(said: str) -> Iterator[None]:
    """Turn what tokenizers raises for a defect of its file into a ModelError that begins with `said`."""
    try:
        yield
    except BaseException as error:  # a bare Exception for most, and a panic of Rust, which is none, for some
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelError(f"{said}: {' '.join(str(error).split())[:300]}") from None
