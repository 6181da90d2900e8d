"""The shape of a word, which an uncased encoder does not see: its capitals, its digits, its first character.

`Paris` is (initial, no digit, letter), `#NWM7` (capitals, digit, hash), `URL` (capitals, no digit, letter).
"""

CAPITALS = ("none", "lower", "initial", "all", "one", "mixed", "inner")
"""No letter; small letters; a capital at the start; capitals only; a single capital; several; one further inside."""

DIGITS = ("none", "some", "only")
FIRST = ("letter", "digit", "hash", "at", "other")
SHAPES = len(CAPITALS) + len(DIGITS) + len(FIRST)
"""Rows of the table of embeddings: those of the three tuples, one after the other."""

OF_A_WORD = 3
"""Rows that a word has, one of each tuple."""


def word_shape(word: str) -> tuple[int, int, int]:
    """Return the word's rows in the table."""
    digits = sum(character.isdigit() for character in word)
    return (
        CAPITALS.index(_capitals(word)),
        len(CAPITALS) + DIGITS.index("none" if not digits else "only" if digits == len(word) else "some"),
        len(CAPITALS) + len(DIGITS) + FIRST.index(_first(word[:1])),
    )


def _capitals(word: str) -> str:
    letters = [character for character in word if character.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    if not letters:
        return "none"
    if not capitals:
        return "lower"
    if capitals == len(letters):
        return "one" if capitals == 1 else "all"
    if capitals == 1:
        return "initial" if letters[0].isupper() else "inner"
    return "mixed"


def _first(character: str) -> str:
    named = {"#": "hash", "@": "at"}
    if character in named:
        return named[character]
    return "letter" if character.isalpha() else "digit" if character.isdigit() else "other"
