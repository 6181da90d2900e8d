"""A typed query in its parts: the words to look for, those after a minus sign, and those that are negated in speech.

dog on the beach -sand          dog on the beach, without the token sand
dog without a leash             dog; "leash" does not count, and its exclusion is proposed
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lexlip_lucene.words.function_words import FUNCTION_WORDS

MINUS = ("-", "−")

NEGATIONS = frozenset({"without", "no", "not"})

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class TypedQuery(NamedTuple):
    """The parts of a typed query.

    Attributes:
        words: the text that is looked for.
        excluded: words after a minus sign, without it.
        negated: words that "without", "no" or "not" stand before, in lower case.
    """

    words: str
    excluded: list[str]
    negated: list[str]


def parse_query(text: str) -> TypedQuery:
    """Part a typed query."""
    typed = text.split()
    excluded = [word[1:] for word in typed if _is_excluded(word)]
    words, negated = without_negated(" ".join(word for word in typed if not _is_excluded(word)))
    return TypedQuery(words, excluded, negated)


def without_negated(text: str) -> tuple[str, list[str]]:
    """Return the text without its negations and the words that they negate, and these words in lower case.

    A negation is of the next word that is no function word; "no" and "not" at the end negate nothing, and stay.
    """
    found = list(_WORD.finditer(text))
    spans: list[tuple[int, int]] = []
    negated: list[str] = []
    begin = None
    for word in found:
        plain = word[0].lower()
        if plain in NEGATIONS:
            begin = word.start() if begin is None else begin
        elif begin is not None and plain not in FUNCTION_WORDS:
            spans.append((begin, word.end()))
            negated.append(plain)
            begin = None
    return cut_out(text, spans), list(dict.fromkeys(negated))


def cut_out(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text without the characters of `spans`, (begin, end) in order, and with single spaces."""
    kept, at = [], 0
    for begin, end in spans:
        kept.append(text[at:begin])
        at = end
    return " ".join(" ".join([*kept, text[at:]]).split())


def _is_excluded(word: str) -> bool:
    return len(word) > 1 and word.startswith(MINUS)
