"""Nodes killed by kill -9 while a cluster of three is searched: the same hits, or an error, never a part of them."""

import random
import threading
import time
from collections.abc import Sequence

import pytest
from loaded import load
from running_cluster import RunningCluster
from support.oracle import rank

from lexlip_lucene.errors import ClusterError
from lexlip_lucene.opensearch.bm25_searcher import OpenSearchBm25Searcher
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.records import Document, Hit, Impacts

QUERY = {"a": 3, "b": 2, "c": 1}
PATIENCE = 60.0


def vectors() -> dict[str, Impacts]:
    dice = random.Random(1)
    return {f"d{number}": {token: dice.randint(1, 9) for token in "abc"} for number in range(2000)}


def expected(k: int) -> list[Hit]:
    return rank(QUERY, [Document(docid, "", vector) for docid, vector in vectors().items()], k)


class Asking:
    """A thread that searches until it is told to end, and keeps what came of each search."""

    def __init__(self, searcher: OpenSearchImpactSearcher) -> None:
        self.hits: list[Sequence[Hit]] = []
        self.errors: list[Exception] = []
        self._searcher, self._end = searcher, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._end.is_set():
            try:
                self.hits.append(self._searcher.search(QUERY, 100))
            except Exception as error:  # every kind: the test compares them
                self.errors.append(error)


def through(cluster: RunningCluster, names: str, alias: str) -> ClusterAddress:
    nodes = ",".join(f"127.0.0.1:{cluster.nodes[name].port}" for name in names)
    return ClusterAddress.of(f"http://{nodes}/{alias}")


def shards_of(cluster: RunningCluster, index: str) -> dict[str, set[str]]:
    """Return node → shards that it has."""
    rows = cluster.nodes["a"].ask("GET", f"/_cat/shards/{index}?format=json")
    return {name: {row["shard"] for row in rows if row["node"] == name} for name in cluster.nodes}


def test_with_a_replica_a_killed_node_costs_no_hit_and_without_one_it_is_an_error(cluster: RunningCluster) -> None:
    alone = load(cluster.nodes["a"], "alone", vectors(), shards=3, replicas=0)
    twice = load(cluster.nodes["a"], "twice", vectors(), shards=3, replicas=1)
    assert all(shards_of(cluster, "alone-1").values()), "each node must have a shard to lose"
    captions = {docid: {"captions": "a dog"} for docid in vectors()}
    load(cluster.nodes["a"], "said", vectors(), shards=3, further=captions)
    top = expected(100)
    with (
        OpenSearchImpactSearcher(through(cluster, "ac", "twice")) as searcher,
        OpenSearchImpactSearcher(through(cluster, "a", "alone")) as lost,
        OpenSearchBm25Searcher(through(cluster, "a", "said")) as texts,
        Asking(searcher) as asking,
        Asking(lost) as asking_alone,
    ):
        while len(asking.hits) < 20 or len(asking_alone.hits) < 20:
            time.sleep(0.01)
        cluster.kill("c")
        killed = len(asking.hits)
        while len(asking.hits) < killed + 20:
            time.sleep(0.01)
        for refused in (
            lambda: lost.search(QUERY),
            lambda: lost.search_batch({"q": QUERY, "r": QUERY}),
            lambda: lost.vector("d1"),
            lambda: lost.frequencies(["a"]),
            lambda: lost.documents,
            lambda: texts.search("dogs"),
        ):
            with pytest.raises(ClusterError, match=r"http://127\.0\.0\.1:\d+/(alone|said)") as error:
                refused()
            assert error.value.status == 503 and "shard" in str(error.value)
    assert all(hits == top for hits in asking.hits)
    assert all(hits == top for hits in asking_alone.hits)
    assert all(isinstance(error, ClusterError) for error in asking.errors + asking_alone.errors)
    assert asking_alone.errors
    cluster.restart("c")
    cluster.nodes["a"].ask("GET", "/_cluster/health?wait_for_status=green&timeout=60s")
    with OpenSearchImpactSearcher(alone) as searcher:
        assert searcher.search(QUERY, 100) == top
    with OpenSearchImpactSearcher(through(cluster, "c", "twice")) as searcher:
        assert searcher.search(QUERY, 100) == top
    with Connection(twice) as connection:
        connection.request("DELETE", "/alone-1,twice-1,said-1")


def test_a_node_that_is_asked_and_dies_is_an_error_that_names_it(cluster: RunningCluster) -> None:
    load(cluster.nodes["a"], "dies", vectors(), replicas=2)
    with OpenSearchImpactSearcher(through(cluster, "b", "dies")) as searcher, Asking(searcher) as asking:
        while len(asking.hits) < 5:
            time.sleep(0.01)
        cluster.kill("b")
        while not asking.errors:
            time.sleep(0.01)
    assert "can't be reached" in str(asking.errors[-1]) and str(through(cluster, "b", "dies")) in str(asking.errors[-1])
    with OpenSearchImpactSearcher(through(cluster, "bac", "dies")) as searcher:
        assert searcher.search(QUERY, 100) == expected(100)
    assert all(hits == expected(100) for hits in asking.hits)
    cluster.restart("b")
