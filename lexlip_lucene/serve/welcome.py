"""What the page shows before anything was asked: some pictures, and words worth a try.

Words that nearly all pictures have say nothing, and rare ones find little: those are shown that are in most pictures
but in at most a third of them.
"""

from typing import NamedTuple

from lexlip_lucene.serve.image_files import ImageFiles
from lexlip_lucene.serve.searching import Searching

PICTURES, WORDS = 18, 14
COMMONEST = 1 / 3
SHORTEST = 3


class Welcome(NamedTuple):
    """Ids of pictures, and tokens."""

    pictures: list[str]
    words: list[str]
    documents: int


def welcome_of(searching: Searching, files: ImageFiles) -> Welcome:
    """Choose from the index as it is now."""
    documents = searching.images.documents
    words = [token for token in searching.model.lexicon.tokens if len(token) >= SHORTEST and token.isalpha()]
    frequencies = searching.images.frequencies(words)
    telling = [token for token in words if 0 < frequencies[token] <= max(1, documents * COMMONEST)]
    telling.sort(key=lambda token: (-frequencies[token], token))
    return Welcome(files.spread(PICTURES), telling[:WORDS], documents)
