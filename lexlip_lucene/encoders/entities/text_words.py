"""A text cut into words with their places, as the Twitter sets cut theirs.

A word is an address, a `@name`, a `#tag`, letters and digits with inner dots, apostrophes and dashes, or one other
character: "Paris's #Expo2015!" → "Paris's", "#Expo2015", "!".
"""

import re
from typing import NamedTuple

_WORD = re.compile(r"https?://\S+|[@#]\w+|\w+(?:[.'’-]\w+)*|[^\w\s]")


class Word(NamedTuple):
    """A word, from the character `start` of its text up to before the character `end`."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """Return the words of `text` in order; none of a text without any."""
    return [Word(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]


def joined(words: list[str] | tuple[str, ...]) -> list[Word]:
    """Return words that are known already with their places in the text that joins them by spaces."""
    found, start = [], 0
    for word in words:
        found.append(Word(word, start, start + len(word)))
        start += len(word) + 1
    return found
