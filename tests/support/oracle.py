"""The hits of an impact search, computed the slow way in integers."""

from collections.abc import Iterable

from lexlip_lucene.records import Document, Hit, Impacts


def rank(query: Impacts, documents: Iterable[Document], k: int) -> list[Hit]:
    """Return the `k` best documents that share a token with `query`; ties go to the smaller docid in byte order."""
    scores = {d.id: sum(weight * d.vector.get(token, 0) for token, weight in query.items()) for d in documents}
    found = sorted((-score, docid.encode(), docid) for docid, score in scores.items() if score > 0)
    return [Hit(docid, -negated, place) for place, (negated, _, docid) in enumerate(found[:k], start=1)]
