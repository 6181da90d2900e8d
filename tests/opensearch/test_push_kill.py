"""`kill -9` while a collection is pushed into a cluster of three: of a node, and of the push itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pushed import behind, documents, facts_held, indexes, new_alias, require_oracle, vectors_held, written
from running_cluster import RunningCluster

from lexlip_lucene.errors import IndexingError, LexlipError
from lexlip_lucene.opensearch.push import bulk, load
from lexlip_lucene.opensearch.push.sink import OpenSearchSink
from lexlip_lucene.progress import Silent

FOUND = documents(600)


class At(Silent):
    """Does something when so many documents have been read to be sent."""

    def __init__(self, place: int, action: Callable[[], object]) -> None:
        self.place, self.action = place, action

    def track(self, items: Iterable[Any], label: str, total: int | None = None) -> Iterator[Any]:
        for place, item in enumerate(items):
            if label == "pushing" and place == self.place:
                self.action()
            yield item


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_BATCH_ENTRIES", 20)
    monkeypatch.setattr(bulk, "_FOR_A_SHARD", "1s")
    monkeypatch.setattr(load, "_SECONDS_BETWEEN", 0.0)


@pytest.fixture
def served(cluster: RunningCluster, tmp_path: Path) -> str:
    """Return an alias with an index of one replica, which a lost node does not end."""
    alias = new_alias()
    with OpenSearchSink(f"{cluster.url}/{alias}") as sink:
        sink.push(written(tmp_path / "old", FOUND[:50]), replicas=1)
    return alias


def require_served(cluster: RunningCluster, alias: str, index: str) -> None:
    node = next(iter(cluster.nodes.values()))
    assert behind(node, alias) == {index} and facts_held(node, index).get("loading") is None
    assert vectors_held(node, index) == {document.id: document.vector for document in FOUND}
    require_oracle(f"{cluster.url}/{alias}", FOUND)


def test_a_node_that_stays_away_ends_the_push_and_resume_completes_it(
    cluster: RunningCluster, tmp_path: Path, served: str
) -> None:
    collection, node = written(tmp_path / "new", FOUND), cluster.nodes["a"]
    [old] = behind(node, served)
    killing = At(300, lambda: cluster.kill("c"))
    with (
        OpenSearchSink(f"{cluster.url}/{served}", patience=3, progress=killing) as sink,
        pytest.raises(LexlipError, match=f"{old} serves as before, and the same command with --resume continues"),
    ):
        sink.push(collection, shards=3, replicas=1)
    assert behind(node, served) == {old}
    require_oracle(f"{cluster.url}/{served}", FOUND[:50])
    cluster.restart("c")
    with OpenSearchSink(f"{cluster.url}/{served}") as sink:
        report = sink.push(collection, shards=3, replicas=1, resume=True)
    assert (report.documents, report.shards, report.replicas, report.previous) == (600, 3, 1, old)
    require_served(cluster, served, report.index)


def test_a_node_that_comes_back_in_time_is_waited_for(cluster: RunningCluster, tmp_path: Path) -> None:
    alias = new_alias()

    def kill_and_restart() -> None:
        cluster.kill("b")
        Thread(target=cluster.restart, args=["b"]).start()

    with OpenSearchSink(f"{cluster.url}/{alias}", progress=At(300, kill_and_restart)) as sink:
        report = sink.push(written(tmp_path / "new", FOUND), shards=3, replicas=1)
    cluster.wait()
    require_served(cluster, alias, report.index)


def test_copies_that_have_no_node_are_said_and_the_alias_stays(
    cluster: RunningCluster, tmp_path: Path, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, node = written(tmp_path / "new", FOUND), cluster.nodes["a"]
    [old] = behind(node, served)
    with OpenSearchSink(f"{cluster.url}/{served}", green=1) as sink:
        monkeypatch.setattr(sink, "_replicas", lambda stated: 3)  # more than there are nodes for
        with pytest.raises(IndexingError, match=r"is yellow after 1 s: \d+ of its copies have no node.*continues"):
            sink.push(collection)
    assert behind(node, served) == {old}
    with OpenSearchSink(f"{cluster.url}/{served}") as sink:
        report = sink.push(collection, replicas=1, resume=True)
    require_served(cluster, served, report.index)


def test_a_push_that_is_killed_is_resumed_from_another_process(cluster: RunningCluster, tmp_path: Path) -> None:
    alias, collection = new_alias(), written(tmp_path / "new", FOUND)
    node = cluster.nodes["a"]
    script = (
        "import time\nfrom lexlip_lucene.opensearch.push import bulk, load, sending\n"
        "bulk._BATCH_ENTRIES, load._SECONDS_BETWEEN, real = 20, 0.0, sending.send\n"
        "def slow(*arguments):\n    time.sleep(0.05)\n    real(*arguments)\n"
        "sending.send = slow\n"
        "from lexlip_lucene.opensearch.push.sink import OpenSearchSink\n"
        f"OpenSearchSink({cluster.url + '/' + alias!r}).push({str(collection)!r}, shards=3)\n"
    )
    pushing = subprocess.Popen([sys.executable, "-c", script])
    while not any('"shards":2' in facts_held(node, index).get("loading", "") for index in indexes(node, alias)):
        assert pushing.poll() is None
        time.sleep(0.01)
    os.kill(pushing.pid, signal.SIGKILL)
    assert pushing.wait() == -signal.SIGKILL and behind(node, alias) == set()
    with OpenSearchSink(f"{cluster.url}/{alias}") as sink:
        report = sink.push(collection, shards=3, resume=True)
    require_served(cluster, alias, report.index)
