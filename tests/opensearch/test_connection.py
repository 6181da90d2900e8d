"""The connection to a cluster, by a server of the test's own: what it sends, and what it makes of answers."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded_server import Recorded, recorded

from lexlip_lucene.errors import ClusterError, InputError, SearchError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection, Security
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.push.sink import OpenSearchSink


@pytest.fixture
def address() -> Iterator[ClusterAddress]:
    with recorded() as address:
        yield address


def test_the_environment_gives_the_user_and_the_address_does_not_show_it(
    address: ClusterAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEXLIP_OPENSEARCH_USER", "zoë")
    monkeypatch.setenv("LEXLIP_OPENSEARCH_PASSWORD", "pässwörd:1")
    with Connection(address) as connection:
        connection.request("GET", "/photos/_count", pretty=True)
    [(_, path, said, _)] = Recorded.seen
    assert path == "/proxy/photos/_count?pretty=true"
    assert said is not None and base64.b64decode(said.removeprefix("Basic ")).decode() == "zoë:pässwörd:1"
    assert "pässwörd" not in repr(Security("zoë", "pässwörd:1"))


def test_a_user_without_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="LEXLIP_OPENSEARCH_PASSWORD is not set"):
        Security.of_environment({"LEXLIP_OPENSEARCH_USER": "zoë"})
    with pytest.raises(InputError, match="LEXLIP_OPENSEARCH_CA is no file"):
        Security.of_environment({"LEXLIP_OPENSEARCH_CA": "nowhere.pem"})
    with pytest.raises(InputError, match="LEXLIP_OPENSEARCH_INSECURE must be 0 or 1"):
        Security.of_environment({"LEXLIP_OPENSEARCH_INSECURE": "yes"})


def test_lines_are_sent_as_they_are_or_encoded_one_by_one(address: ClusterAddress) -> None:
    with Connection(address, Security()) as connection:
        connection.request("POST", "/_bulk", lines=[{"a": 1}, {"b": "é"}])
        connection.request("POST", "/_bulk", lines='{"c":2}\n')
    assert [json.loads(line) for line in Recorded.seen[0][3].splitlines()] == [{"a": 1}, {"b": "é"}]
    assert Recorded.seen[1][3] == '{"c":2}\n'


@pytest.mark.parametrize("status", [400, 404, 429, 503])
def test_a_refusal_is_one_error_with_its_status_and_is_not_tried_again(address: ClusterAddress, status: int) -> None:
    inner = {"type": "x", "reason": "outer", "caused_by": {"type": "y", "reason": "max_clause_count"}}
    Recorded.answer = (status, {"error": {"root_cause": [], "reason": "all shards failed", "caused_by": inner}})
    with (
        Connection(address, Security()) as connection,
        pytest.raises(ClusterError, match="max_clause_count") as refused,
    ):
        connection.request("GET", "/x")
    assert refused.value.status == status and str(address) in str(refused.value)
    assert len(Recorded.seen) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"type": "index_closed_exception", "reason": "closed"}, "closed: the index must be open"),
        ({"type": "cluster_block_exception", "reason": "index [x] blocked by: [flood-stage block];"}, "make room on"),
        ({"type": "security_exception", "reason": "no permissions for [x]"}, r"for \[x\]: .* role .* docs/scale\.md"),
        ("no handler found for uri [/proxy/x] and method [GET]", "a part of the address before its last / is for"),
        ({"type": "x", "reason": "blocked by: [read-only];"}, r"blocked by: \[read-only\]$"),
    ],
)
def test_a_refusal_says_what_to_do_where_the_cluster_does_not(
    address: ClusterAddress, error: object, said: str
) -> None:
    Recorded.answer = (400, {"error": error})
    with Connection(address, Security()) as connection, pytest.raises(ClusterError, match=said):
        connection.request("GET", "/x")


def test_a_refusal_by_the_shards_gives_the_reason_of_the_first(address: ClusterAddress) -> None:
    failure = {"shard": 0, "status": "FORBIDDEN", "reason": {"type": "security_exception", "reason": "no permissions"}}
    Recorded.answer = (403, {"_shards": {"total": 1, "successful": 0, "failed": 1, "failures": [failure]}})
    with (
        Connection(address, Security()) as connection,
        pytest.raises(ClusterError, match="answers 403: no permissions: the user needs a role"),
    ):
        connection.request("POST", "/x/_refresh")


def test_tls_at_an_http_address_is_found_out(address: ClusterAddress) -> None:
    with (
        Connection(address._replace(scheme="https"), Security()) as connection,
        pytest.raises(ClusterError, match=r"can't be reached by TLS .* is it an http address\?"),
    ):
        connection.request("GET", "/x")


def test_a_missing_user_is_asked_for_by_its_variable(address: ClusterAddress) -> None:
    Recorded.answer = (401, b"Unauthorized")
    with Connection(address, Security()) as connection, pytest.raises(ClusterError, match="LEXLIP_OPENSEARCH_USER"):
        connection.request("GET", "/x")


@pytest.mark.parametrize("answer", [(200, b"<html>"), (404, b"[]"), (500, b'"text"')])
def test_what_no_cluster_says_is_not_taken_for_an_answer(address: ClusterAddress, answer: tuple[int, bytes]) -> None:
    Recorded.answer = answer
    with Connection(address, Security()) as connection, pytest.raises(ClusterError, match="is it OpenSearch"):
        connection.request("GET", "/x")


@pytest.mark.parametrize("said", [b"<html>nginx", {"detail": "Not Found"}, b""])
def test_what_another_server_does_not_have_is_not_taken_for_a_missing_index(
    address: ClusterAddress, said: object, tmp_path: Path
) -> None:
    Recorded.answer = (404, said)
    (tmp_path / "a.jsonl").write_text('{"id": "a", "vector": {"x": 1}}\n')
    with pytest.raises(SearchError, match=r"/proxy/photos answers 404, but not as OpenSearch does"):
        OpenSearchImpactSearcher(address)
    with (
        OpenSearchSink(address) as sink,
        pytest.raises(SearchError, match=r"/proxy/photos answers 404, but not as OpenSearch does"),
    ):
        sink.push(tmp_path)
    assert len(Recorded.seen) == 2, "neither is asked again"


@pytest.mark.parametrize(
    "said", [{"status": "ok"}, [], {"error": {"message": "no"}}, {"a": {"mappings": 3, "aliases": []}}, {"a": {}}]
)
def test_an_answer_of_another_server_is_not_taken_for_an_index(
    address: ClusterAddress, said: object, tmp_path: Path
) -> None:
    Recorded.answer = (200, said)
    with pytest.raises(SearchError, match=r"/proxy/photos answers, but not as OpenSearch does: name the address"):
        OpenSearchImpactSearcher(address)
    with OpenSearchSink(address) as sink, pytest.raises(SearchError, match="answers, but not as OpenSearch does"):
        sink.push(tmp_path)


def test_a_cluster_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = ClusterAddress.of("http://127.0.0.1:1/photos")
    with (
        Connection(address, Security()) as connection,
        pytest.raises(ClusterError, match=re.escape(str(address))) as lost,
    ):
        connection.request("GET", "/x")
    assert lost.value.status is None and "object at" not in str(lost.value)


def test_the_next_node_answers_for_one_that_is_gone(address: ClusterAddress) -> None:
    [node] = address.nodes
    both = ClusterAddress.of(f"http://127.0.0.1:1,127.0.0.1:{node.port}/photos")
    with Connection(both, Security()) as connection:
        assert [connection.request("GET", "/x") for _ in range(4)] == [{}] * 4


def test_certificates_that_can_t_be_read_are_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    address = ClusterAddress.of("https://127.0.0.1:1/photos")
    with (
        pytest.raises((InputError, ClusterError), match=re.escape(str(address))),
        Connection(address, Security(ca_file=wrong)) as connection,
    ):
        connection.request("GET", "/x")
