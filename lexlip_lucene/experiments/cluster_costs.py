"""The costs of a cluster beside one machine's Lucene.

`python -m lexlip_lucene.experiments.cluster_costs FOLDER URL/ALIAS`. FOLDER gets synthetic vectors
(`engine/synthetic.py`) and their Lucene index; both are kept for the next run. The vectors are pushed into the cluster,
then queries of 32 tokens are searched for ten hits: by `OpenSearchImpactSearcher`, as the same `bool` query over a bare
connection, as `curl` sends it, and in the Lucene index. Hits must be the same. Two further loads send ready-made
requests only: the vectors, and as many empty documents. The result is one JSON object.
"""

import argparse
import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from lexlip_lucene.errors import RegressionError
from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.engine.synthetic import made_up
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.impact_field import IMPACTS, ImpactField
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.mapping import DOCID, FIELD_FACT, TERM_FREQUENCIES, TOKENS, index_body
from lexlip_lucene.opensearch.push.bulk import Entry, batches, indexed
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.sending import send_all
from lexlip_lucene.opensearch.push.sink import OpenSearchSink
from lexlip_lucene.opensearch.rank_features import RankFeatures
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.search.searcher import Searcher
from lexlip_lucene.vectors.collection import write_shards

TERMS, HITS, QUERIES, ROUNDS = 32, 10, 200, 3
_DOCUMENTS, _QUERIES = 1, 2


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("address", type=ClusterAddress.of)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--replicas", type=int, default=0)
    parser.add_argument("--rank-features", action="store_true", help="use the field that needs no script")
    asked = parser.parse_args()
    field = RankFeatures() if asked.rank_features else TERM_FREQUENCIES
    progress = for_terminal()
    figures: dict[str, Any] = {name: getattr(asked, name) for name in ("documents", "shards", "replicas")}
    figures["field"] = field.name
    collection, index = asked.folder / f"collection-{asked.documents}", asked.folder / f"index-{asked.documents}"
    if not collection.exists():
        collection.mkdir(parents=True)
        write_shards(collection, made_up(asked.documents, _DOCUMENTS, "doc"))
    figures["lucene"] = _built(collection, index, progress)
    with OpenSearchSink(asked.address, progress=progress) as sink:
        copies = {"shards": asked.shards, "replicas": asked.replicas}
        report = sink.push(collection, **copies, rank_features=asked.rank_features, force=True, drop_old=True)
    figures["cluster"] = {
        "documents_per_second": report.added / report.seconds,
        "bytes_per_document": report.bytes / report.documents,
    }
    figures["cluster"]["milliseconds"], figures["lucene"]["milliseconds"] = _searched(asked.address, index, field)
    vectors = (source(document, field) for document in made_up(asked.documents, _DOCUMENTS, "doc"))
    empty = (source(Document(f"doc{number}", "", {}), field) for number in range(asked.documents))
    figures["bulk"] = {
        "documents_per_second": _sent(asked.address, vectors, asked.shards, field),
        "empty_documents_per_second": _sent(asked.address, empty, asked.shards, field),
    }
    print(json.dumps({**figures, "machine": machine()}, indent=1))


def source(document: Document, field: ImpactField) -> dict[str, Any]:
    """Return a document as the index has it."""
    return {DOCID: document.id, IMPACTS: field.value(document.vector, document.id), TOKENS: len(document.vector)}


def queries() -> list[Impacts]:
    """Return queries of the heaviest tokens of vectors that are not in the collection."""
    heaviest = [
        sorted(d.vector, key=lambda token: -d.vector[token])[:TERMS] for d in made_up(QUERIES, _QUERIES, "query")
    ]
    return [{token: 1 + place % 7 for place, token in enumerate(tokens)} for tokens in heaviest]


def by_hand(query: Impacts, field: ImpactField) -> bytes:
    """Return the body of the request that a person would send for the query."""
    should = [field.scored(token, weight) for token, weight in query.items()]
    sort = [{"_score": "desc"}, {DOCID: "asc"}]
    body = {"query": {"bool": {"should": should}}, "sort": sort, "size": HITS, "track_total_hits": False}
    return orjson.dumps({**body, "_source": False})


def _built(collection: Path, index: Path, progress: Progress) -> dict[str, float]:
    report = ImpactIndex.build(collection, index, force=True, progress=progress)
    return {
        "documents_per_second": report.documents / report.seconds,
        "bytes_per_document": report.index_bytes / report.documents,
    }


def _searched(address: ClusterAddress, index: Path, field: ImpactField) -> tuple[dict[str, float], float]:
    """Return the median milliseconds of a query by our searcher and by hand in the cluster, and in Lucene.

    Raises:
        RegressionError: the hits differ.
    """
    asked = queries()
    bare = http.client.HTTPConnection(*address.nodes[0])
    path = f"{address.prefix}/{quote(address.alias, safe='')}/_search"

    def curl(query: Impacts) -> object:
        bare.request("POST", path, by_hand(query, field), {"Content-Type": "application/json"})
        return bare.getresponse().read()

    with closing(bare), OpenSearchImpactSearcher(address) as cluster, ImpactSearcher(index) as lucene:
        for query in asked:
            _require_same(query, cluster, lucene)
        in_cluster = {
            "searcher": _median(asked, lambda query: cluster.search(query, HITS)),
            "by_hand": _median(asked, curl),
        }
        return in_cluster, _median(asked, lambda query: lucene.search(query, HITS))


def _require_same(query: Impacts, cluster: Searcher, lucene: Searcher) -> None:
    found, wanted = list(cluster.search(query, HITS)), list(lucene.search(query, HITS))
    if found != wanted:
        raise RegressionError(f"the cluster's hits must be Lucene's, {wanted}, but are {found}")


def _median(asked: Sequence[Impacts], search: Callable[[Impacts], object]) -> float:
    """Return the smallest median of some rounds, in milliseconds."""
    return min(statistics.median(_milliseconds(query, search) for query in asked) for _ in range(ROUNDS))


def _milliseconds(query: Impacts, search: Callable[[Impacts], object]) -> float:
    begun = time.perf_counter()
    search(query)
    return 1000 * (time.perf_counter() - begun)


def _sent(address: ClusterAddress, sources: Iterator[dict[str, Any]], shards: int, field: ImpactField) -> float:
    """Return the documents a second of requests that are made before the clock runs, into a separate index."""
    ready = list(batches(((0, _entry(source)) for source in sources), 1))
    index, alias = f"{address.alias}-bulk", f"{address.alias}-bulk.loading"
    with Connection(address, requests=2) as connection:
        there = ClusterIndex(connection, index, Persistence(60))
        there.delete()
        there.create(index_body(shards=shards, keywords=(), facts={FIELD_FACT: field.name}, alias=alias))
        begun = time.perf_counter()
        send_all(connection, alias, ready, Persistence(60), lambda shards: None)
        seconds = time.perf_counter() - begun
        there.delete()
    return sum(len(batch.entries) for batch in ready) / seconds


def _entry(source: dict[str, Any]) -> Entry:
    return indexed(source[DOCID], "synthetic", source)


if __name__ == "__main__":
    main()
