"""Known words that a word may be a misspelling of: edit distance over the lexicon, common words first."""

from collections.abc import Sequence

SHORTEST, LONG = 3, 8
"""Letters: shorter words have too many neighbours; from so many on, two slips are as likely as one."""


class Spelling:
    """The words that can be offered.

    Args:
        tokens: of the lexicon, common ones first, as the rows of a WordPiece vocabulary are.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._words = [token for token in tokens if len(token) >= SHORTEST and token.isalpha()]

    def suggestions(self, word: str, *, most: int = 3) -> list[str]:
        """Return at most `most` known words one slip from `word` (two from 8 letters on), the nearest first.

        A slip is a letter that is wrong, missing, too many, or changed places with its neighbour. Of equally near words
        those with the same first letter come first, then common ones.
        """
        from rapidfuzz import process  # most queries need it not
        from rapidfuzz.distance import OSA

        word = word.lower()
        if len(word) < SHORTEST or not word.isalpha():
            return []
        slips = 1 if len(word) < LONG else 2
        found = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=slips, limit=None)
        order = sorted(found, key=lambda each: (each[1], each[0][0] != word[0], each[2]))
        return [known for known, _, _ in order[:most]]
