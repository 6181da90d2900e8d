"""Answers of a cluster that are not whole, each an error: by a server of the test's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from recorded_server import Recorded, recorded

from lexlip_lucene.errors import ClusterError, SearchError
from lexlip_lucene.opensearch import multi_search as module
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection, Security
from lexlip_lucene.opensearch.multi_search import multi_search

WHOLE = {"status": 200, "timed_out": False, "_shards": {"total": 3, "successful": 3, "failed": 0}}


@pytest.fixture(autouse=True)
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which lasts."""
    pauses: list[float] = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def address() -> Iterator[ClusterAddress]:
    with recorded() as address:
        yield address


def asked(address: ClusterAddress, *answers: Any) -> list[dict[str, Any]]:
    Recorded.answer = (200, {"responses": list(answers)})
    with Connection(address, Security()) as connection:
        return multi_search(connection, "photos-1", [{"query": {}}] * 2)


def test_each_search_says_that_a_part_of_the_hits_is_no_answer(address: ClusterAddress) -> None:
    assert asked(address, WHOLE, WHOLE) == [WHOLE, WHOLE]
    [(_, path, _, body)] = Recorded.seen
    assert path.startswith("/proxy/photos-1/_msearch?")
    assert body.count('"allow_partial_search_results":false') == 2


@pytest.mark.parametrize(
    "answer",
    [
        {**WHOLE, "timed_out": True},
        {**WHOLE, "_shards": {"total": 3, "successful": 2, "failed": 1}},
        {**WHOLE, "_shards": {"total": 3, "successful": 2, "failed": 0}},
        {"status": 503, "error": {"type": "search_phase_execution_exception", "reason": "Search rejected"}},
        {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue is full"}},
        {"status": 400, "error": "a text"},
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(address: ClusterAddress, answer: dict[str, Any]) -> None:
    with pytest.raises(ClusterError, match="/proxy/photos"):
        asked(address, WHOLE, answer)


def test_a_search_that_a_dying_node_broke_is_asked_again(
    address: ClusterAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recovered(_: float) -> None:
        Recorded.answer = (200, {"responses": [WHOLE, WHOLE]})

    monkeypatch.setattr(module.time, "sleep", recovered)
    assert asked(address, WHOLE, {"status": 500, "error": {"type": "x", "reason": "disconnected"}}) == [WHOLE, WHOLE]
    assert len(Recorded.seen) == 2


def test_asking_again_ends(address: ClusterAddress, paused: list[float]) -> None:
    with pytest.raises(ClusterError, match="queue is full"):
        asked(address, WHOLE, {"status": 429, "error": {"reason": "queue is full"}})
    assert len(Recorded.seen) == 3 and tuple(paused) == module.PAUSES
    with pytest.raises(ClusterError, match="no such field"):
        asked(address, WHOLE, {"status": 400, "error": {"reason": "no such field"}})
    assert len(Recorded.seen) == 4


def test_fewer_answers_than_searches_are_an_error(address: ClusterAddress) -> None:
    with pytest.raises(SearchError, match="2 searches were asked for, and 1 answered"):
        asked(address, WHOLE)


def test_too_many_terms_are_refused_by_the_setting_s_name(address: ClusterAddress) -> None:
    cause = {"type": "too_many_nested_clauses", "reason": "maxClauseCount is set to 1024"}
    error = {"reason": "all shards failed", "failed_shards": [{"reason": cause}], "root_cause": [cause]}
    with pytest.raises(ClusterError, match=r"set to 1024: indices\.query\.bool\.max_clause_count"):
        asked(address, WHOLE, {"status": 400, "error": error})
