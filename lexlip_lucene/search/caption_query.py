"""The part of a query that caption fields answer: each word's terms, weighted by BM25's idf.

weight(t) = 32 × weight of the field × n(t, q) × ln(1 + (N − df + 0.5) / (df + 0.5)), rounded, at least 1. With a weight
of 1 and 1,000 documents a word that two of them have weighs 191, beside 255 for the heaviest word that was seen.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.records import Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, caption_token
from lexlip_lucene.words.entity_names import QUERY_WEIGHT, is_entity_term, said_entity, words_of_term

UNIT = 32
"""Query weight of a word with idf 1 in a field of weight 1: the best on 474 photos that were not trained on."""

LEAST_DOCUMENTS = 1000
"""N is at least this: the weights were chosen among about as many, and idf vanishes among few."""


class CaptionQuery(NamedTuple):
    """The tokens of caption fields that a text asks for.

    Attributes:
        weights: token → query weight, of tokens that a document has.
        words: token → the word that it was made of, in lower case.
    """

    weights: Impacts
    words: Mapping[str, str]

    @property
    def found(self) -> frozenset[str]:
        """The words that some document has in a caption field or in a name."""
        names = [word for token in self.words if is_entity_term(token) for word in words_of_term(token)]
        return frozenset([*self.words.values(), *names])

    def said(self, fields: CaptionFields) -> dict[str, str]:
        """Return each token in plain words: `words:alp` → `the file name says: alps`."""
        return {
            token: f"{fields.said_by(token)} {'names' if is_entity_term(token) else 'says'}: {word}"
            for token, word in self.words.items()
        }

    def naming(self, terms: Sequence[str]) -> "CaptionQuery":
        """Return the query with entity terms."""
        weights = {**self.weights, **dict.fromkeys(terms, QUERY_WEIGHT)}
        return CaptionQuery(weights, {**self.words, **{term: said_entity(term) for term in terms}})


NO_CAPTIONS = CaptionQuery({}, {})


def caption_query(
    fields: CaptionFields,
    terms: Sequence[tuple[str, str]],
    frequencies: Callable[[Sequence[str]], Mapping[str, int]],
    documents: int,
) -> CaptionQuery:
    """Return the query of terms.

    Args:
        fields: of the index.
        terms: pairs of a term and the word that it was made of, in their order; one may come again.
        frequencies: tokens → the number of documents that have each.
        documents: in the index.
    """
    counts = Counter(term for term, _ in terms)
    words = dict(terms)
    weights: Impacts = {}
    said: dict[str, str] = {}
    for field in fields.fields:
        tokens = {caption_token(field.key, term): term for term in counts}
        for token, frequency in frequencies(list(tokens)).items():
            if frequency:
                idf = _idf(frequency, documents)
                weights[token] = max(1, round(UNIT * field.weight * counts[tokens[token]] * idf))
                said[token] = words[tokens[token]]
    return CaptionQuery(weights, said)


def _idf(frequency: int, documents: int) -> float:
    number = max(documents, frequency, LEAST_DOCUMENTS)
    return math.log(1 + (number - frequency + 0.5) / (frequency + 0.5))
