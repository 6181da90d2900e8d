"""Documents on their way: a server that is busy, drops connections or refuses, and what is sent again."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, ClassVar

import pytest

from lexlip_lucene.errors import ClusterError, IndexingError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.push import persistence
from lexlip_lucene.opensearch.push.bulk import Batch, Entry, batches, deleted, indexed, send
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.sending import send_all

Answer = Callable[[list[str]], tuple[int, Any] | None]
"""The ids of a request → status and body; None drops the connection."""


class Bulk(BaseHTTPRequestHandler):
    """Answers `_bulk` requests one after the other as the test laid down, the last answer for good."""

    answers: ClassVar[list[Answer]] = []
    seen: ClassVar[list[list[str]]] = []
    paths: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        actions = [json.loads(line) for line in lines]
        ids = [next(iter(action.values()))["_id"] for action in actions if action.keys() & {"index", "delete"}]
        self.seen.append(ids)
        self.paths.append(self.path)
        answer = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(ids)
        if answer is None:
            self.connection.close()
            return
        status, body = answer
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def taken(ids: list[str]) -> tuple[int, Any]:
    return 200, {"errors": False, "items": [{"index": {"status": 201}} for _ in ids]}


def dropped(ids: list[str]) -> None:
    return None


def status(code: int) -> Answer:
    return lambda ids: (code, {"error": {"type": "busy", "reason": "too busy"}, "status": code})


def each(*codes: int) -> Answer:
    def answer(ids: list[str]) -> tuple[int, Any]:
        items: list[dict[str, Any]] = [{"status": code} for code in codes]
        for item in items:
            if item["status"] >= 300:
                item["error"] = {"type": "some_exception", "reason": "some reason"}
        return 200, {"errors": True, "items": [{"index": item} for item in items]}

    return answer


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setattr(persistence, "_FIRST_WAIT", 0.01)
    Bulk.answers, Bulk.seen, Bulk.paths = [], [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Bulk) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with Connection(ClusterAddress.of(f"http://127.0.0.1:{server.server_port}/photos")) as opened:
            yield opened
        server.shutdown()


def entries(*ids: str) -> list[Entry]:
    return [indexed(docid, f"c.jsonl:{place}", {"docid": docid}) for place, docid in enumerate(ids, 1)]


@pytest.mark.parametrize("failure", [status(429), status(502), status(503), status(504), dropped])
def test_a_request_is_sent_again_until_the_cluster_takes_it(connection: Connection, failure: Answer) -> None:
    Bulk.answers = [failure, failure, taken]
    send(connection, "t", entries("a", "b"), Persistence(30))
    assert Bulk.seen == [["a", "b"]] * 3


def test_only_the_documents_that_were_not_taken_are_sent_again(connection: Connection) -> None:
    Bulk.answers = [each(201, 429, 200, 503), each(429, 201), taken]
    send(connection, "t", entries("a", "b", "c", "d"), Persistence(30))
    assert Bulk.seen == [["a", "b", "c", "d"], ["b", "d"], ["b"]]


def test_nothing_is_created_in_the_name_of_an_alias_that_is_gone(connection: Connection) -> None:
    Bulk.answers = [taken]
    send(connection, "t%20x", entries("a"), Persistence(30))
    assert Bulk.paths[0].startswith("/t%20x/_bulk?") and "require_alias=true" in Bulk.paths[0]


def test_a_document_that_is_refused_is_named_with_its_place(connection: Connection) -> None:
    Bulk.answers = [each(201, 400)]
    with pytest.raises(IndexingError, match=r"c.jsonl:2: document b is refused by the cluster: some reason \(some_exc"):
        send(connection, "t", entries("a", "b"), Persistence(30))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413])
def test_a_request_that_is_refused_is_not_sent_again(connection: Connection, code: int) -> None:
    Bulk.answers = [status(code)]
    with pytest.raises(ClusterError) as error:
        send(connection, "t", entries("a"), Persistence(30))
    assert error.value.status == code and len(Bulk.seen) == 1


@pytest.mark.parametrize("failure", [status(503), each(503), dropped])
def test_patience_ends_with_the_clusters_last_reason(connection: Connection, failure: Answer) -> None:
    Bulk.answers = [failure]
    with pytest.raises(ClusterError, match=r"reason|busy|reached"):
        send(connection, "t", entries("a"), Persistence(0.1))
    assert len(Bulk.seen) > 1


def test_patience_begins_again_with_every_document_that_is_taken(connection: Connection) -> None:
    many = [f"d{place}" for place in range(40)]
    Bulk.answers = [lambda ids: each(201, *[429] * (len(ids) - 1))(ids)]
    send(connection, "t", entries(*many), Persistence(0.2))  # 39 waits are longer than patience
    assert len(Bulk.seen) == 40


def test_an_answer_that_does_not_name_every_document_is_no_success(connection: Connection) -> None:
    Bulk.answers = [lambda ids: (200, {})]
    with pytest.raises(ClusterError, match="2 outcomes are needed, got 0"):
        send(connection, "t", entries("a", "b"), Persistence(0))


def test_a_document_that_is_gone_already_counts_as_deleted(connection: Connection) -> None:
    Bulk.answers = [lambda ids: (200, {"items": [{"delete": {"status": 404}}, {"delete": {"status": 200}}]})]
    send(connection, "t", [deleted("a", "ids"), deleted("b", "ids")], Persistence(0))


def test_a_shard_is_acknowledged_once_its_last_document_and_all_before_are(connection: Connection) -> None:
    Bulk.answers = [taken]
    done: list[int] = []
    waiting = [Batch(entries("a"), 0), Batch(entries("b"), 2), Batch(entries("c"), 3)]
    send_all(connection, "t", waiting, Persistence(1), done.append)
    assert done == [0, 2, 3]


def test_no_shard_is_acknowledged_after_a_failure(connection: Connection) -> None:
    Bulk.answers = [lambda ids: each(400)(ids) if ids == ["b"] else taken(ids)]
    done: list[int] = []
    waiting = [Batch(entries(docid), place) for place, docid in enumerate("abcdef", 1)]
    with pytest.raises(IndexingError, match="document b is refused"):
        send_all(connection, "t", waiting, Persistence(1), done.append)
    assert done == [1]


def test_batches_have_every_entry_once_in_order_and_say_which_shards_end() -> None:
    found = [(shard, entry) for shard in range(3) for entry in entries(*(f"{shard}-{place}" for place in range(1500)))]
    made = list(batches(found, 4))
    assert [entry for batch in made for entry in batch.entries] == [entry for _, entry in found]
    assert [(len(batch.entries), batch.shards) for batch in made] == [(2000, 1), (2000, 2), (500, 4)]


def test_a_batch_ends_after_some_megabytes() -> None:
    long = [(0, Entry(str(place), "x", "y" * 600_000)) for place in range(10)]
    assert [len(batch.entries) for batch in batches(long, 1)] == [4, 4, 2]


def test_full_disks_are_said_with_a_remedy(connection: Connection) -> None:
    error = {"type": "cluster_block_exception", "reason": "index [x] blocked by: [429/12/flood-stage watermark];"}
    Bulk.answers = [lambda _: (200, {"errors": True, "items": [{"index": {"status": 429, "error": error}}]})]
    with pytest.raises(ClusterError, match=r"watermark\]: make room on the disks of its nodes \(cluster_block"):
        send(connection, "x", entries("a"), Persistence(0))


def test_ctrl_c_waits_for_no_answer_of_a_silent_cluster(connection: Connection) -> None:
    asked, over, answered = Event(), Event(), Event()

    def silent(ids: list[str]) -> tuple[int, Any]:
        asked.set()
        assert over.wait(60)
        answered.set()
        return taken(ids)

    def interrupted() -> Iterator[Batch]:
        yield Batch(entries("a"), 1)
        assert asked.wait(60)
        raise KeyboardInterrupt

    Bulk.answers = [silent]
    with pytest.raises(KeyboardInterrupt):
        send_all(connection, "x", interrupted(), Persistence(60), lambda _: None)
    assert not answered.is_set()
    over.set()
    assert answered.wait(60)
