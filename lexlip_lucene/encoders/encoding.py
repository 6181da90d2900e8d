"""A model's tokenizer, and texts cut into token ids by it; no torch."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from lexlip_lucene.encoders.model_files import require_readable
from lexlip_lucene.errors import ModelError

TOKENIZER_FILE = "tokenizer.json"


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load a model folder's tokenizer.

    Raises:
        ModelError: the file is missing, broken, or can't be read.
    """
    path = folder / TOKENIZER_FILE
    require_readable(path)
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception for every defect of the file
        raise ModelError(f"{path}: tokenizers can't read it: {error}") from None


def encoded(tokenizer: Tokenizer, texts: Sequence[str], *, max_length: int) -> list[Encoding]:
    """Tokenise `texts`, cut at `max_length` tokens with the special ones, without padding."""
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    if len(texts) == 1:  # a batch wakes the tokenizer's threads up
        return [tokenizer.encode(texts[0])]
    return list(tokenizer.encode_batch(list(texts)))
