"""Collections to be pushed, and what a running node has afterwards, asked by hand."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import orjson
from running_cluster import RunningNode
from support.oracle import rank

from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.impact_text import vector_of
from lexlip_lucene.records import Document, Hit, Impacts
from lexlip_lucene.vectors.json_vector import format_line
from lexlip_lucene.vectors.manifest import Manifest, ShardEntry, write_manifest

_NAMES = count()


def new_alias() -> str:
    """Return an alias that no other test of this node has."""
    return f"pushed{next(_NAMES)}"


def documents(number: int, *, seed: int = 1, prefix: str = "é ") -> list[Document]:
    """Return documents with tokens that are hard to keep, many equal scores, and one in nine empty."""
    random = Random(seed)
    tokens = ["##ing", ".", "a.b", "|", "😀", "'", "\\", "0", *(f"w{place}" for place in range(40))]
    return [
        Document(
            f"{prefix}{number - place}",
            "",
            {} if place % 9 == 8 else {token: random.randint(1, 4) for token in random.sample(tokens, 12)},
        )
        for place in range(number)
    ]


def written(folder: Path, found: Sequence[Document], *, each: int = 40, keys: Mapping[str, Any] | None = None) -> Path:
    """Write documents as a collection without a manifest, so many in a shard."""
    folder.mkdir()
    for number in range(-(-len(found) // each)):
        lines = b"".join(format_line(document, keys=keys) for document in found[number * each : (number + 1) * each])
        (folder / f"part-{number:05d}.jsonl").write_bytes(lines)
    return folder


def with_manifest(collection: Path, **changes: Any) -> Path:
    """Give a collection the manifest that it would have."""
    found = stored_in(collection)
    shards = [
        ShardEntry(name=path.name, documents=path.read_bytes().count(b"\n"), sha256=sha256_of(path))
        for path in sorted(collection.iterdir())
    ]
    values: dict[str, Any] = {
        "side": "image",
        "model_sha256": "m" * 64,
        "vocabulary_sha256": "v" * 64,
        "scale": 1.0,
        "rounding": "half to even",
        "bits": 8,
        "top_k": 64,
        "inputs": len(found),
        "documents": len(found),
        "empty": sum(not vector for vector in found.values()),
        "postings": sum(map(len, found.values())),
        "rejected": [],
        "shards": shards,
    }
    write_manifest(collection, Manifest(**{**values, **changes}))
    return collection


def stored_in(collection: Path) -> dict[str, Impacts]:
    """Return docid → vector of a collection's lines."""
    lines = [line for path in sorted(collection.iterdir()) for line in path.read_bytes().splitlines()]
    return {record["id"]: record["vector"] for record in map(orjson.loads, lines)}


def held(node: RunningNode, index: str) -> dict[str, dict[str, Any]]:
    """Return docid → source of all documents that searches see in an index."""
    node.ask("POST", f"/{index}/_refresh")
    answer = node.ask("POST", f"/{index}/_search", {"size": 10_000, "query": {"match_all": {}}})
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


def vectors_held(node: RunningNode, index: str) -> dict[str, Impacts]:
    """Return docid → vector of all documents that searches see in an index."""
    return {docid: vector_of(source["impacts"]) for docid, source in held(node, index).items()}


def facts_held(node: RunningNode, index: str) -> dict[str, str]:
    """Return the facts in an index's mapping."""
    [found] = node.ask("GET", f"/{index}/_mapping").values()
    facts: dict[str, str] = found["mappings"]["_meta"]
    return facts


def behind(node: RunningNode, alias: str) -> set[str]:
    """Return the indexes that have `alias`."""
    return {name for name, found in node.ask("GET", "/_alias").items() if alias in found["aliases"]}


def indexes(node: RunningNode, stem: str) -> set[str]:
    """Return the names of the indexes that begin with `stem`."""
    return {name for name in node.ask("GET", "/_alias") if name.startswith(stem)}


def require_oracle(address: str, found: Sequence[Document]) -> None:
    """Compare the hits at `address` with those of integers, for queries of some documents."""
    with OpenSearchImpactSearcher(address) as searcher:
        for document in found[:: max(1, len(found) // 5)]:
            query = {token: 1 + place % 3 for place, token in enumerate(document.vector)}
            expected: list[Hit] = rank(query, found, 25)
            assert searcher.search(query, 25) == expected
