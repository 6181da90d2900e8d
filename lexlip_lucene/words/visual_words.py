"""Names of visual words: a code of what a place of a picture looks like, as a token.

    code 417   →  v00417

A letter and five digits, as RM3 and stock tools like terms. No vocabulary of word pieces has such a token; one that
had would be refused when visual words are encoded.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from lexlip_lucene.records import Impacts

MOST_VISUAL_WORDS = 100_000
"""Codes that have a name."""

VISUAL_FACT = "visual_sha256"
"""The fact of an index that its documents have visual words, and of which visual lexicon: the SHA-256 of its file."""

VISUAL_FILE = "visual.safetensors"
"""The file of visual words in a model folder; `config.json` beside it has its SHA-256."""

NEAR = 0.6
"""The similarity of looks, a cosine, from which on two pictures are near-duplicates unless another is named: the least,
in steps of .05, at which 95 % of the pairs are right among 2,000 training photos and light copies of half of them
(docs/visual.md)."""

VISUAL_CODES_FACT = "visual_codes"
"""The fact that says how many codes that lexicon has."""

_NAME = re.compile(r"v[0-9]{5}")


class Parts(NamedTuple):
    """A vector in two: its words, and its visual words, each heaviest first if the vector is."""

    words: Impacts
    looks: Impacts


def visual_word(code: int) -> str:
    """Return the name of a code, which is in 0..99,999."""
    return f"v{code:05d}"


def is_visual_word(token: str) -> bool:
    """Return True if a token has the form of a visual word."""
    return _NAME.fullmatch(token) is not None


def code_of(word: str) -> int:
    """Return the code that a visual word names."""
    return int(word[1:])


def parted(vector: Mapping[str, int]) -> Parts:
    """Return a vector's words and its visual words apart."""
    looks = {token: weight for token, weight in vector.items() if is_visual_word(token)}
    return Parts({token: weight for token, weight in vector.items() if token not in looks}, looks)
