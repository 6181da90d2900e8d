"""Three optional files of a model folder that say more about words than the lexicon does.

neighbours.json    {"giraffe": ["zebra", "animal"], …}: known tokens nearest in meaning to words the lexicon lacks
pieced_words.json  ["skateboarder", …]: words of the training captions that were cut into pieces, all of them known
token_counts.json  {"man": 31245, …}: uses of each token of the lexicon in the captions that it was chosen from
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from lexlip_lucene.errors import ModelError
from lexlip_lucene.words.cut_word import CutWord

NEIGHBOURS_FILE, PIECED_FILE, COUNTS_FILE = "neighbours.json", "pieced_words.json", "token_counts.json"

LARGEST = 16 << 20
"""Bytes of a file: that of 20,000 words has less than 1 MB."""


@dataclass(frozen=True)
class WordFiles:
    """The content of the files.

    Attributes:
        neighbours: word → known tokens, the nearest first; empty without the file.
        pieced: words whose pieces count together; None without the file: of every word whose pieces are all known.
        counts: token → uses in captions, at least 0; empty without the file.
    """

    neighbours: Mapping[str, tuple[str, ...]]
    pieced: frozenset[str] | None
    counts: Mapping[str, int] = field(default_factory=dict)


NO_FILES = WordFiles({}, None)


def parse_neighbours(content: bytes, path: object) -> dict[str, tuple[str, ...]]:
    """Read the bytes of `neighbours.json`; `path` is named in errors.

    Raises:
        ModelError: it is not an object of lists of texts.
    """
    read = _json(content, path)
    if not isinstance(read, dict) or not all(_are_texts(known) for known in read.values()):
        raise ModelError(f'{path}: an object like {{"giraffe": ["zebra"]}} is needed; take the whole folder again')
    return {word: tuple(known) for word, known in read.items()}


def parse_pieced(content: bytes, path: object) -> frozenset[str]:
    """Read the bytes of `pieced_words.json`; `path` is named in errors.

    Raises:
        ModelError: it is not a list of texts.
    """
    read = _json(content, path)
    if not _are_texts(read):
        raise ModelError(f"{path}: a list of words is needed; take the whole folder again")
    return frozenset(read)


def parse_counts(content: bytes, path: object) -> dict[str, int]:
    """Read the bytes of `token_counts.json`; `path` is named in errors.

    Raises:
        ModelError: it is not an object of whole numbers of at least 0.
    """
    read = _json(content, path)
    if not isinstance(read, dict) or not all(type(count) is int and count >= 0 for count in read.values()):
        raise ModelError(f'{path}: an object like {{"man": 31245}} is needed; take the whole folder again')
    return read


def pieced_words(cut_captions: Iterable[Iterable[CutWord]], tokens: Collection[str], *, min_count: int = 1) -> bytes:
    """Return the content of `pieced_words.json` for a model.

    Args:
        cut_captions: the words of each training caption, as the model's tokenizer cuts them.
        tokens: of the lexicon.
        min_count: uses of a word in all captions from which it counts.
    """
    counts = Counter(
        word.text.lower()
        for caption in cut_captions
        for word in caption
        if len(word.tokens) > 1 and all(token in tokens for token in word.tokens)
    )
    words = sorted(word for word, count in counts.items() if count >= min_count)
    return orjson.dumps(words, option=orjson.OPT_APPEND_NEWLINE)


def _json(content: bytes, path: object) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}; take the whole folder again") from None


def _are_texts(read: object) -> bool:
    return isinstance(read, list) and all(isinstance(each, str) for each in read)
