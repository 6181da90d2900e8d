"""The first page, before anything was asked: words worth a try, and for each the picture that has most of it.

Words that most pictures have say nothing, and rare ones find little: of the words that are in most pictures, but in no
more than half of them, those are shown that some picture has with the largest impact.
"""

from typing import NamedTuple

from lexlip_lucene.serve.image_files import ImageFiles
from lexlip_lucene.serve.searching import Searching

WORDS = 18
COMMONEST = 1 / 2
SHORTEST = 3

_LOOKED_AT = 300
"""Words of which one is chosen: a search each."""

_DEPTH = WORDS
"""Hits of a word among which one is that no other word shows."""


class Welcome(NamedTuple):
    """Tokens, and ids of pictures."""

    words: list[str]
    pictures: list[str]
    documents: int


def welcome_of(searching: Searching, files: ImageFiles) -> Welcome:
    """Choose from the index as it is now."""
    documents = searching.images.documents
    words = [token for token in searching.model.lexicon.tokens if len(token) >= SHORTEST and token.isalpha()]
    frequencies = searching.images.frequencies(words)
    telling = [token for token in words if 0 < frequencies[token] <= max(1, documents * COMMONEST)]
    telling.sort(key=lambda token: (-frequencies[token], token))
    found = searching.images.search_batch({token: {token: 1} for token in telling[:_LOOKED_AT]}, _DEPTH)
    there = [item for item in found.items() if item[1]]  # a token that only deleted documents have gives no hit
    strongest = sorted(there, key=lambda item: -item[1][0].score)[:WORDS]
    pictures: dict[str, None] = {}
    for _, hits in strongest:
        new = (hit.docid for hit in hits if hit.docid in files.paths and hit.docid not in pictures)
        pictures |= dict.fromkeys([docid] if (docid := next(new, None)) is not None else [])
    return Welcome([token for token, _ in strongest], list(pictures), documents)
