"""The test set-up itself: nodes start, die by kill -9, and come back with their data."""

from running_cluster import RunningCluster, RunningNode


def test_a_single_node_answers(node: RunningNode) -> None:
    assert node.ask("GET", "/")["version"]["number"].startswith("2.19.")


def test_a_killed_node_leaves_the_cluster_and_comes_back_with_its_data(cluster: RunningCluster) -> None:
    first = cluster.nodes["a"]
    first.ask("PUT", "/kept", {"settings": {"number_of_shards": 3, "number_of_replicas": 0}})
    for number in range(20):
        first.ask("PUT", f"/kept/_doc/{number}?refresh=true", {"number": number})
    cluster.kill("c")
    deadline = 60
    first.ask("GET", f"/_cluster/health?wait_for_nodes=2&timeout={deadline}s")
    assert first.ask("GET", "/kept/_count")["count"] < 20
    cluster.restart("c")
    first.ask("GET", "/kept/_search?size=0&allow_partial_search_results=true")
    first.ask("GET", "/_cluster/health?wait_for_status=green&timeout=60s")
    assert first.ask("GET", "/kept/_count")["count"] == 20
    first.ask("DELETE", "/kept")
