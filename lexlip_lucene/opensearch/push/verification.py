"""Comparing the cluster's answers with the collection: counts, and docid, order and integer of hits."""

from collections.abc import Mapping, Sequence

from lexlip_lucene.errors import IndexingError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Security
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.push.cluster_index import Counted
from lexlip_lucene.opensearch.push.probes import DEPTH, Probe
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.explanation import explanation_of


def require_counts(index: str, counted: Counted, wanted: Mapping[str, int]) -> None:
    """Raise IndexingError unless `index` has what is `wanted`, a name of `Counted` → number."""
    found = {name: getattr(counted, name) for name in wanted}
    if found != dict(wanted):
        raise IndexingError(
            f"{index} does not add up: {', '.join(wanted)} must be {tuple(wanted.values())}, but the cluster counts "
            f"{tuple(found.values())}"
        )


def require_hits(address: ClusterAddress, security: Security | None, probes: Sequence[Probe], *, whole: bool) -> None:
    """Search as users do, and compare the hits with those found while the collection was read.

    Args:
        address: of the index, by its own name.
        security: as of the sink.
        probes: queries and the documents that they find in the collection.
        whole: the index has the documents of the collection and no others; otherwise others may stand before them.

    Raises:
        IndexingError: a hit is missing, or has another score than its vector gives.
    """
    with OpenSearchImpactSearcher(address, security) as searcher:
        for probe in probes:
            found = searcher.search(probe.query, DEPTH)
            for hit in found:
                exact = explanation_of(probe.query, hit.docid, searcher.vector(hit.docid)).score
                if hit.score != exact:
                    raise IndexingError(
                        f"{address.alias}: {hit.docid} has the score {hit.score} for {_shown(probe.query)}, but its "
                        f"vector gives {exact}"
                    )
            wanted = probe.hits if whole else _before(probe.hits, found)
            if (found != wanted) if whole else not set(_pairs(wanted)) <= set(_pairs(found)):
                raise IndexingError(
                    f"{address.alias} does not answer as the collection says: {_shown(probe.query)} must find "
                    f"{_pairs(wanted)}, but the hits are {_pairs(found)}"
                )


def _before(wanted: Sequence[Hit], found: Sequence[Hit]) -> list[Hit]:
    """Return the hits that stand before the last one found, or are it; all where fewer were found than asked for."""
    if len(found) < DEPTH:
        return list(wanted)
    return [hit for hit in wanted if _order(hit) <= _order(found[-1])]


def _order(hit: Hit) -> tuple[float, bytes]:
    return -hit.score, hit.docid.encode()


def _pairs(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.docid, hit.score) for hit in hits]


def _shown(query: Impacts) -> str:
    return " ".join(f"{token}:{weight}" for token, weight in query.items())[:80]
