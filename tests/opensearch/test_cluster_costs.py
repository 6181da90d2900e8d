"""The command that measures a cluster beside one machine's Lucene."""

import json
import sys
from pathlib import Path

import pytest
from pushed import new_alias
from running_cluster import RunningNode

from lexlip_lucene.experiments import cluster_costs


@pytest.mark.parametrize("further", [[], ["--rank-features"]])
def test_it_measures_the_same_hits_in_both(
    node: RunningNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    further: list[str],
) -> None:
    monkeypatch.setattr(cluster_costs, "QUERIES", 5)
    arguments = [str(tmp_path / "costs"), f"{node.url}/{new_alias()}", "--documents", "300", "--shards", "2", *further]
    monkeypatch.setattr(sys, "argv", ["cluster_costs", *arguments])
    cluster_costs.main()
    figures = json.loads(capsys.readouterr().out)
    for name in ("cluster", "lucene"):
        assert figures[name]["documents_per_second"] > 0 and figures[name]["bytes_per_document"] > 0
    assert set(figures["cluster"]["milliseconds"]) == {"searcher", "by_hand"}
    assert set(figures["bulk"]) == {"documents_per_second", "empty_documents_per_second"}
