"""Clusters that forbid scripts, or that know neither the similarity nor the filter: the same hits by rank features."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from exact_collections import collection
from pushed import new_alias
from running_cluster import ELASTICSEARCH, OPENSEARCH, RunningCluster, RunningNode, Software
from support.cli_run import lexlip
from test_opensearch_pushed import KEPT, require_same_through_changes, write

NODES: dict[str, tuple[Software, Sequence[str]]] = {
    "no scripts": (OPENSEARCH, ["script.allowed_types=none"]),
    "other scripts": (OPENSEARCH, ["script.allowed_contexts=filter"]),
    "elasticsearch": (ELASTICSEARCH, []),
}


@pytest.fixture(scope="module", params=list(NODES))
def strict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    software, settings = NODES[request.param]
    running = RunningCluster(tmp_path_factory.mktemp("strict"), ["single"], software=software, settings=settings)
    yield running.nodes["single"]
    running.close()


def test_a_push_as_usual_is_refused_and_says_what_to_do(strict: RunningNode, tmp_path: Path) -> None:
    folder = write(tmp_path / "c", collection(1, documents=5), "split")
    address = f"{strict.url}/{new_alias()}"
    assert "push with --rank-features, which needs neither" in lexlip("push", folder, address).error
    assert "no index of this name" in lexlip("search", address, "--query", "red:1").error


@pytest.mark.parametrize(("shards", "bits", "weights"), [(1, 8, 255), (3, 9, 65535)])
def test_rank_features_have_the_hits_of_a_lucene_index_through_changes(
    strict: RunningNode, tmp_path: Path, shards: int, bits: int, weights: int
) -> None:
    address = f"{strict.url}/{new_alias()}"
    pushed, kept = ["--rank-features", "--shards", shards], [*KEPT, "--caption-field", "contents"]
    require_same_through_changes(address, tmp_path, bits, weights, pushed=pushed, kept=kept)
