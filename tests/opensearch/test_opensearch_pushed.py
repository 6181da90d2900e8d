"""The same collection in a cluster and in a Lucene index of this machine: the same hits, order and integers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pytest
from exact_collections import collection, queries
from pushed import new_alias
from running_cluster import RunningNode
from support.cli_run import done

from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.records import Impacts

KEPT = ("--keyword", "split", "--store", "contents")


def write(folder: Path, vectors: Mapping[str, Impacts], split: str) -> Path:
    folder.mkdir()
    lines = [
        orjson.dumps({"id": docid, "contents": f"text of {docid}", "vector": vector, "split": f"{split}{place % 2}"})
        for place, (docid, vector) in enumerate(vectors.items())
    ]
    (folder / "a.jsonl").write_bytes(b"\n".join(lines[: len(lines) // 2]))
    (folder / "b.jsonl").write_bytes(b"\n".join(lines[len(lines) // 2 :]))
    return folder


def require_same(index: Path, address: str, weights: int) -> None:
    asked = {qid: query for qid, query in queries(weights, number=30).items() if query}
    with ImpactSearcher(index) as lucene, OpenSearchImpactSearcher(address) as cluster:
        assert cluster.documents == lucene.documents
        for k in (1, 10, 1000):
            assert cluster.search_batch(asked, k, threads=2) == lucene.search_batch(asked, k, threads=2)
        narrowed = {"filters": {"split": ["old0", "new1"]}, "without": ["t3", "."]}
        assert cluster.search_batch(asked, 50, **narrowed) == lucene.search_batch(asked, 50, **narrowed)
        assert cluster.keywords() == lucene.keywords()
        for docid in ("..", "🙂", "a/b?c#d"):
            assert cluster.vector(docid) == lucene.vector(docid)
            assert cluster.stored(docid) == lucene.stored(docid)
            assert cluster.explain(asked["q3"], docid) == lucene.explain(asked["q3"], docid)
        for text in ("text of z 1", "1 10 100 text", "") if lucene.captions.fields else ():
            said = cluster.caption_query(text)
            assert said == lucene.caption_query(text)
            assert cluster.search(said.weights, 50) == lucene.search(said.weights, 50)
        tokens = ["##ing", ".", "🙂", "nowhere"]
        expected = {token: len(lucene.search({token: 1}, 10_000)) for token in tokens}  # deleted ones not counted
        assert cluster.frequencies(tokens) == expected


def require_same_through_changes(
    address: str, folder: Path, bits: int, weights: int, *, pushed: Sequence[object], kept: Sequence[object]
) -> None:
    """Compare a cluster's index with a Lucene index: new, after replacements, and after deletions.

    Args:
        address: to push to.
        folder: for all files.
        bits: of the impacts.
        weights: the largest weight of a query.
        pushed: options of the push only.
        kept: options of both verbs.
    """
    index = folder / "index"
    old = write(folder / "old", collection(bits, documents=600), "old")
    done("push", old, address, *pushed, *kept)
    done("index", old, index, *kept)
    require_same(index, address, weights)
    new = write(folder / "new", collection(bits, documents=200, seed=8), "new")
    done("push", new, address, "--append", "--replace")
    done("index", new, index, "--append", "--replace", *KEPT)
    require_same(index, address, weights)
    ids = folder / "ids.txt"
    ids.write_text("".join(f"{docid}\n" for docid in list(collection(bits, documents=600))[20:200]))
    done("push", "--delete", ids, address)
    done("index", "--delete", ids, index)
    require_same(index, address, weights)


@pytest.mark.parametrize(("shards", "bits", "weights"), [(1, 8, 255), (3, 16, 65535), (7, 1, 3)])
def test_a_pushed_collection_has_the_hits_of_its_lucene_index_through_changes(
    node: RunningNode, tmp_path: Path, shards: int, bits: int, weights: int
) -> None:
    address = f"{node.url}/{new_alias()}"
    require_same_through_changes(address, tmp_path, bits, weights, pushed=["--shards", shards], kept=KEPT)
