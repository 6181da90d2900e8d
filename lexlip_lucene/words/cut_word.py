"""A word of a text as a model's tokenizer cuts it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias


class CutWord(NamedTuple):
    """A word, its place in the text in characters, and the tokens that it was cut into."""

    text: str
    begin: int
    end: int
    tokens: tuple[str, ...]


Cut: TypeAlias = Callable[[str], Sequence[CutWord]]
"""A function that cuts a text into words."""


def as_cut(text: str, begin: int, end: int, tokens: Sequence[str]) -> CutWord:
    """Return the word between two places of a text, without white space around it."""
    word = text[begin:end]
    begin += len(word) - len(word.lstrip())
    return CutWord(word.strip(), begin, begin + len(word.strip()), tuple(tokens))
