"""Nodes of a real OpenSearch: `node` is one that all tests share, `cluster` three that a file may kill."""

from collections.abc import Iterator

import pytest
from running_cluster import RunningCluster, RunningNode


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    running = RunningCluster(tmp_path_factory.mktemp("node"), ["single"])
    yield running.nodes["single"]
    running.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.close()
