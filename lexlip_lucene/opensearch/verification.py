"""Comparing the cluster's answers with the collection: counts, and docid and integer of hits."""

from collections.abc import Mapping, Sequence
from typing import Any

from lexlip_lucene.errors import IndexingError
from lexlip_lucene.opensearch.cluster_index import ClusterIndex, Counted
from lexlip_lucene.opensearch.impact_text import vector_of
from lexlip_lucene.opensearch.mapping import DOCID, IMPACTS
from lexlip_lucene.opensearch.probes import DEPTH, Probe
from lexlip_lucene.records import Hit, Impacts


def require_counts(index: ClusterIndex, counted: Counted, wanted: Mapping[str, int]) -> None:
    """Raise IndexingError unless the index has what is `wanted`, a name of `Counted` → number."""
    found = {name: getattr(counted, name) for name in wanted}
    if found != dict(wanted):
        raise IndexingError(
            f"{index.name} does not add up: {', '.join(wanted)} must be {tuple(wanted.values())}, but the cluster "
            f"counts {tuple(found.values())}"
        )


def require_hits(index: ClusterIndex, probes: Sequence[Probe], *, whole: bool) -> None:
    """Compare the hits of queries with those found while the collection was read.

    Args:
        index: the index.
        probes: queries and the documents that they find in the collection.
        whole: the index has the documents of the collection and no others; otherwise others may stand before them.

    Raises:
        IndexingError: a hit is missing, or has another score than its vector.
    """
    for probe in probes:
        found = _hits(index, probe.query)
        wanted = probe.hits if whole else _before(probe.hits, found)
        there = {(hit.docid, hit.score) for hit in found}
        lost = [hit for hit in wanted if (hit.docid, hit.score) not in there]
        if lost or (whole and len(found) != len(wanted)):
            raise IndexingError(
                f"{index.name} does not answer as the collection says: {_shown(probe.query)} must find "
                f"{_pairs(lost or wanted)}, but the hits are {_pairs(found)}"
            )


def _before(wanted: Sequence[Hit], found: Sequence[Hit]) -> list[Hit]:
    """Return the hits that stand before the last one found, or are it; all where fewer were found than asked for."""
    if len(found) < DEPTH:
        return list(wanted)
    return [hit for hit in wanted if _order(hit) <= _order(found[-1])]


def _order(hit: Hit) -> tuple[float, bytes]:
    return -hit.score, hit.docid.encode()


def _pairs(hits: Sequence[Hit]) -> str:
    return ", ".join(f"{hit.docid}:{hit.score}" for hit in hits)


def _shown(query: Impacts) -> str:
    return " ".join(f"{token}:{weight}" for token, weight in query.items())[:80]


def _hits(index: ClusterIndex, query: Impacts) -> list[Hit]:
    """Return the best hits, each with the score that its vector gives.

    Raises:
        IndexingError: a score or the order is another.
    """
    should = [{"term": {IMPACTS: {"value": token, "boost": weight}}} for token, weight in query.items()]
    body: dict[str, Any] = {
        "query": {"bool": {"should": should}},
        "sort": [{"_score": "desc"}, {DOCID: "asc"}],
        "size": DEPTH,
        "track_total_hits": False,
        "_source": [IMPACTS],
    }
    hits = []
    for rank, found in enumerate(index.search(body)["hits"]["hits"], start=1):
        score, docid = found["sort"]
        vector = vector_of(found["_source"][IMPACTS])
        exact = sum(weight * vector.get(token, 0) for token, weight in query.items())
        if score != exact:
            raise IndexingError(
                f"{index.name}: document {docid} has the score {score} for {_shown(query)}, but its vector gives "
                f"{exact}"
            )
        hits.append(Hit(docid, exact, rank))
    if sorted(hits, key=_order) != hits:
        raise IndexingError(f"{index.name}: the hits of {_shown(query)} are not in their order: {hits}")
    return hits
