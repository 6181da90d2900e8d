"""The postings of visual words in an index, apart from those of words."""

from typing import NamedTuple

from lexlip_lucene.search.searcher import OpenIndex
from lexlip_lucene.words.visual_words import VISUAL_CODES_FACT, visual_word


class VisualPostings(NamedTuple):
    """Visual words of an index.

    Attributes:
        words: visual words that a document has.
        postings: pairs of one and a document.
        mean_share: mean share of the documents that have a visual word, in 0..1, over those that any has.
    """

    words: int
    postings: int
    mean_share: float


def visual_postings(index: OpenIndex) -> VisualPostings | None:
    """Return the visual postings of an open index; None if its facts name no visual words."""
    codes = int(index.facts.get(VISUAL_CODES_FACT, 0))
    if not codes:
        return None
    found = [count for count in index.frequencies([visual_word(code) for code in range(codes)]).values() if count]
    mean = sum(found) / len(found) / index.documents if found else 0.0
    return VisualPostings(len(found), sum(found), mean)
