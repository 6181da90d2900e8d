"""Documents put into an index of a running node by hand, as `lexlip push` does it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from running_cluster import RunningNode

from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.impact_field import IMPACTS
from lexlip_lucene.opensearch.mapping import CAPTIONS, DOCID, FORMAT, TERM_FREQUENCIES, TOKENS, impact_field, index_body
from lexlip_lucene.records import Impacts


def source_of(docid: str, vector: Impacts, field: str = TERM_FREQUENCIES.name, **further: Any) -> dict[str, Any]:
    """Return a document as the index has it, in a field of a kind."""
    return {DOCID: docid, IMPACTS: impact_field(field).value(vector, docid), TOKENS: len(vector), **further}


def put(node: RunningNode, index: str, sources: Sequence[Mapping[str, Any]], *, refresh: bool = True) -> None:
    """Put documents into `index`; each takes the place of one with its id."""
    for start in range(0, len(sources), 2000):
        lines = []
        for source in sources[start : start + 2000]:
            lines += [orjson.dumps({"index": {"_id": source[DOCID]}}), orjson.dumps(source)]
        answer = node.send("POST", f"/{index}/_bulk", b"\n".join(lines) + b"\n")
        assert not answer["errors"], answer
    if refresh:
        node.ask("POST", f"/{index}/_refresh")


def delete(node: RunningNode, index: str, docids: Sequence[str]) -> None:
    """Delete documents of `index`."""
    lines = [orjson.dumps({"delete": {"_id": docid}}) for docid in docids]
    assert not node.send("POST", f"/{index}/_bulk?refresh=true", b"\n".join(lines) + b"\n")["errors"]


def load(
    node: RunningNode,
    alias: str,
    documents: Mapping[str, Impacts],
    *,
    shards: int = 1,
    replicas: int = 0,
    keywords: Sequence[str] = (),
    further: Mapping[str, Mapping[str, Any]] | None = None,
    facts: Mapping[str, str] | None = None,
    field: str = TERM_FREQUENCIES.name,
) -> ClusterAddress:
    """Create `alias`-1 with the documents, and give it the alias; return the address.

    Args:
        node: of the cluster.
        alias: its alias.
        documents: docid → vector.
        shards: of the index.
        replicas: of each.
        keywords: fields to filter by.
        further: docid → values of keywords, captions and stored fields.
        facts: further facts of the index.
        field: kind of the field of impacts.
    """
    further = further or {}
    about = {"field": field, "format": FORMAT, "kind": "impact", "keywords": orjson.dumps(list(keywords)).decode()}
    about["caption_texts"] = str(sum(CAPTIONS in fields for fields in further.values()))
    body = index_body(shards=shards, keywords=keywords, facts=about | dict(facts or {}), alias=alias)
    body["settings"]["number_of_replicas"] = replicas
    node.ask("PUT", f"/{alias}-1", body)
    sources = [source_of(docid, vector, field, **further.get(docid, {})) for docid, vector in documents.items()]
    put(node, f"{alias}-1", sources)
    node.ask("GET", f"/_cluster/health/{alias}-1?wait_for_status=green&timeout=60s")
    return ClusterAddress.of(f"{node.url}/{alias}")
