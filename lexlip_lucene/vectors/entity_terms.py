"""Entity terms in vectors: what names weigh in documents and in queries.

    impact of a document   max(1, round((2^bits − 1) · p · idf(df) / idf(1)))
    weight of a query      `QUERY_WEIGHT`, of a tagger's entity times p
    idf(df)                ln(1 + (N − df + ½) / (df + ½))

p is the tagger's probability of the entity, df the number of the N documents that have its name, whatever its type: a
query that names it does not say which, and rare types would outrank usual ones. The idf is in the impact, since an
impact score has none of its own.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from lexlip_lucene.data.entities.entity_tags import NamedEntity
from lexlip_lucene.records import Impacts
from lexlip_lucene.words.entity_names import QUERY_WEIGHT, entity_term, words_of_term


def entity_impacts(named: Mapping[str, Iterable[NamedEntity]], bits: int) -> dict[str, Impacts]:
    """Return docid → term → impact.

    Args:
        named: docid → its entities, of all documents that are compared; a document may have none.
        bits: impacts are in 1..2^bits − 1.
    """
    strongest = {docid: _strongest(entities) for docid, entities in named.items()}
    frequency = Counter(name for terms in strongest.values() for name in {_name(term) for term in terms})
    documents, top = len(named), (1 << bits) - 1

    def impact(term: str, p: float) -> int:
        return max(1, round(top * p * _idf(frequency[_name(term)], documents) / _idf(1, documents)))

    return {docid: {term: impact(term, p) for term, p in terms.items()} for docid, terms in strongest.items()}


def entity_weights(named: Iterable[NamedEntity]) -> Impacts:
    """Return term → query weight of the entities that a tagger found in a query."""
    return {term: max(1, round(QUERY_WEIGHT * p)) for term, p in _strongest(named).items()}


def heaviest_first(vector: Impacts, further: Impacts) -> Impacts:
    """Return a vector with further tokens, which it lacks, heaviest first."""
    return dict(sorted({**vector, **further}.items(), key=lambda item: -item[1])) if further else vector


def _strongest(entities: Iterable[NamedEntity]) -> dict[str, float]:
    """Return each term with the largest probability that one of the entities gives it."""
    strongest: dict[str, float] = {}
    for entity in entities:
        term = entity_term(entity.text, entity.type)
        if term is not None:
            strongest[term] = max(entity.p, strongest.get(term, 0.0))
    return strongest


def _name(term: str) -> tuple[str, ...]:
    return tuple(words_of_term(term))


def _idf(frequency: int, documents: int) -> float:
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
