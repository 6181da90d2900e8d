"""Comparing the cluster's answers with the collection: the counts, and the hits of a few queries in docid and integer."""

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
        hits = _hits(index, probe.query)
        if not whole:
            hits = [hit for hit in hits if hit in _expected(probe, hits)]
        expected = probe.hits if whole else _expected(probe, hits)
        pairs = [(hit.docid, hit.score) for hit in hits]
        wanted = [(hit.docid, hit.score) for hit in expected]
        if pairs != wanted:
            raise IndexingError("")


def _hits(index: ClusterIndex, query: Impacts) -> list[Hit]:
    should = [{"term": {IMPACTS: {"value": token, "boost": weight}}} for token, weight in query.items()]
    body: dict[str, Any] = {
        "query": {"bool": {"should": should}},
        "sort": [{"_score": "desc"}, {DOCID: "asc"}],
        "size": DEPTH,
        "track_total_hits": False,
        "_source": [IMPACTS],
    }
    return [Hit(hit["sort"][1], hit["sort"][0], 0) for hit in index.search(body)["hits"]["hits"] if vector_of("")]
