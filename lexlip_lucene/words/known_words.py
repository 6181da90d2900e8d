"""The words that pictures can have: those that are a token of the lexicon, or of pieces that training saw together."""

from collections.abc import Collection

from lexlip_lucene.words.cut_word import CutWord
from lexlip_lucene.words.function_words import FUNCTION_WORDS


class KnownWords:
    """The lexicon's words.

    Args:
        tokens: of the lexicon.
        pieced: words whose pieces count together; None: every word whose pieces are all in the lexicon.
    """

    def __init__(self, tokens: Collection[str], pieced: Collection[str] | None = None) -> None:
        self.tokens = frozenset(tokens)
        self._pieced = None if pieced is None else frozenset(pieced)

    def knows(self, word: CutWord) -> bool:
        """Return True if a picture can have the word."""
        if not word.tokens or not all(token in self.tokens for token in word.tokens):
            return False
        return len(word.tokens) == 1 or self._pieced is None or word.text.lower() in self._pieced

    def lacks(self, word: CutWord) -> bool:
        """Return True if it is a content word, with a letter or digit, that no picture can have."""
        return is_content(word.text) and not self.knows(word)


def is_content(word: str) -> bool:
    """Return True if a word has a letter or digit and is no function word."""
    return word.lower() not in FUNCTION_WORDS and any(character.isalnum() for character in word)
