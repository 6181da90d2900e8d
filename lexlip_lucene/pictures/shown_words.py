"""Tokens as the words that a reader knows: pieces of a word of the query are joined, other pieces lose their `##`.

With the query "a dog on a snowboard" the tokens `snow` and `##board` are one word, "snowboard". Where the query has the
word "snow", too, `snow` stays a word by itself, and only `##board` stands for "snowboard".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from lexlip_lucene.pictures.score_bar import Contribution

PIECE = "##"
"""The beginning of a token that continues a word."""


class ShownWord(NamedTuple):
    """A word as it is shown, the tokens that it stands for, and what they add to a score together."""

    token: str
    tokens: tuple[str, ...]
    contribution: int


class Names(Protocol):
    """Names of tokens that are shown by another name than their own; a mapping is one."""

    def get(self, token: str, /) -> str | None:
        """Return the name of a token; None for one that is shown as it is."""


NO_NAMES: Mapping[str, str] = {}


def shown_token(token: str, names: Names = NO_NAMES) -> str:
    """Return a token's name, else the token without the mark of a piece; `##` itself stays."""
    return names.get(token) or token.removeprefix(PIECE) or token


def shown_tokens(tokens: Iterable[str], text: str = "", names: Names = NO_NAMES) -> dict[str, str]:
    """Return token → the word that is shown for it.

    Args:
        tokens: of a vector.
        text: the query as it was typed, whose words are put together of the tokens.
        names: of tokens.
    """
    shown = {token: shown_token(token, names) for token in tokens}
    words = list(dict.fromkeys(re.findall(r"\w+", text.lower())))
    for word in words:
        pieces = _pieces(word, shown) if word not in shown else []
        shown |= {piece: word for piece in pieces if piece not in words}
    return shown


def shown_words(terms: Sequence[Contribution], text: str = "", names: Names = NO_NAMES) -> list[ShownWord]:
    """Return the words of a hit's terms by what they add to its score, heaviest first; parameters as above."""
    shown = shown_tokens([term.token for term in terms], text, names)
    words: dict[str, ShownWord] = {}
    for term in terms:
        word = shown[term.token]
        _, tokens, before = words.get(word, ShownWord(word, (), 0))
        words[word] = ShownWord(word, (*tokens, term.token), before + term.contribution)
    return sorted(words.values(), key=lambda word: -word.contribution)


def shown_weights(weights: Mapping[str, int]) -> dict[str, int]:
    """Return weights by the words that are shown: of a piece and a word that look the same the heavier one counts."""
    shown: dict[str, int] = {}
    for token, weight in weights.items():
        word = shown_token(token)
        shown[word] = max(weight, shown.get(word, 0))
    return shown


def _pieces(word: str, tokens: Iterable[str]) -> list[str]:
    """Return the tokens that are the word in a row, each as long as can be; [] if they are not."""
    there = set(tokens)
    pieces: list[str] = []
    begin = 0
    while begin < len(word):
        mark = PIECE if begin else ""
        ends = (end for end in range(len(word), begin, -1) if mark + word[begin:end] in there)
        end = next(ends, None)
        if end is None:
            return []
        pieces.append(mark + word[begin:end])
        begin = end
    return pieces
