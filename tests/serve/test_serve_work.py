"""The work for a request: bounded by its demands and by its time. Refusals of the machine are never blamed on the
index, which is checked in the background."""

import asyncio
import errno
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support import served
from support.served import Place

from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.errors import ClusterError, SearchError
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.environment import environment_reason
from lexlip_lucene.serve.http.gate import Gate, check_time
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.http.problems import TooSlow
from lexlip_lucene.serve.index_check import Check, IndexCheck
from lexlip_lucene.serve.search_request import SearchRequest
from lexlip_lucene.serve.served import Served

BASE = "http://127.0.0.1"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture
def opened(place: Place) -> Served:
    return place.opened()


@pytest.fixture
def client(opened: Served) -> TestClient:
    return TestClient(create_app(opened), base_url=BASE)


class Counted:
    """A counter of the calls of a method."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, of: object, name: str) -> None:
        self.calls = 0
        method = getattr(of, name)

        def counted(*arguments: Any) -> Any:
            self.calls += 1
            return method(*arguments)

        monkeypatch.setattr(of, name, counted)


def test_only_the_hits_that_are_asked_for_are_explained(
    opened: Served, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = Counted(monkeypatch, opened.searching.images, "explain")
    asked = {"weights": "red:1 blue:1 green:1", "k": 1000}
    everything = client.get("/api/search", params=asked).json()["hits"]
    assert explained.calls == len(everything) == 18
    some = client.get("/api/search", params={**asked, "explain": 2}).json()["hits"]
    assert explained.calls == 18 + 2
    assert some[:2] == everything[:2] and all(hit["terms"] == [] for hit in some[2:])
    assert [(hit["docid"], hit["score"]) for hit in some] == [(hit["docid"], hit["score"]) for hit in everything]
    assert client.get("/api/search", params={**asked, "explain": 201}).status_code == 422


def test_pyserinis_shape_has_no_terms_and_looks_none_up(
    opened: Served, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = Counted(monkeypatch, opened.searching.images, "explain")
    for system in ("lexlip", "bm25", "fused"):
        answer = client.get(f"/v1/{system}/search", params={"query": "red", "hits": 1000})
        assert answer.json()["candidates"] and explained.calls == 0


def test_at_most_a_hundred_hits_are_explained_unless_more_are_asked_for() -> None:
    assert SearchRequest(query="red", k=1000).explain == 100


def test_work_ends_at_its_next_step_when_its_time_is_up() -> None:
    ended = threading.Event()

    def steps() -> None:
        try:
            while True:
                check_time()
                time.sleep(0.001)
        finally:
            ended.set()

    async def story() -> None:
        gate = Gate("tests", workers=1, waiting=0, seconds=0.05)
        with pytest.raises(TooSlow, match=r"not done after 0\.05 s"):
            await gate.run(steps)
        assert await asyncio.to_thread(ended.wait, PATIENCE)
        assert gate.close(seconds=PATIENCE)

    asyncio.run(story())
    check_time()  # nobody waits for this thread, and so nobody gave it up


def test_a_cluster_that_is_away_is_one_line_of_the_log(
    opened: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ClusterError("http://host:9200/photos can't be reached")

    monkeypatch.setattr(opened.searching.images, "search", away)
    answer = TestClient(create_app(opened), base_url=BASE).get("/api/search", params={"query": "red"})
    assert answer.status_code == 503 and "host" not in answer.text
    said = [(record.getMessage(), record.exc_info) for record in caplog.records if record.levelname == "ERROR"]
    assert said == [("http://host:9200/photos can't be reached", None)]


def test_a_search_that_was_given_up_explains_no_further(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = place.opened(Limits(seconds=0.2))
    client = TestClient(create_app(opened), base_url=BASE)
    explain = opened.searching.images.explain
    explained = Counted(monkeypatch, opened.searching.images, "explain")
    over = threading.Event()

    def slow(*arguments: Any) -> Any:
        explained.calls += 1
        assert over.wait(PATIENCE)
        return explain(*arguments)

    monkeypatch.setattr(opened.searching.images, "explain", slow)
    answer = client.get("/api/search", params={"query": "red blue green", "k": 1000})
    assert answer.status_code == 504 and "ask for less" in answer.json()["error"]
    over.set()
    assert opened.searches.close(seconds=PATIENCE) and explained.calls == 1
    assert "ERROR" not in caplog.text


class Java(Exception):
    """An exception as pyjnius raises it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.classname, self.innermessage = kind, message


def raised(cause: BaseException) -> SearchError:
    error = SearchError("Lucene can't search /home/secret/index: build it again")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EMFILE, "x"), "Too many open files"),
        (PermissionError(errno.EACCES, "x"), "Permission denied"),
        (raised(PermissionError(errno.EACCES, "x")), "Permission denied"),
        (raised(Java("java.nio.file.AccessDeniedException", "/home/secret/_0.cfs")), "Permission denied"),
        (raised(Java("java.nio.file.FileSystemException", "/s/_0.cfs: Too many open files")), "Too many open files"),
        (raised(Java("org.apache.lucene.index.CorruptIndexException", "checksum failed: Permission denied")), None),
        (raised(Java("java.nio.file.NoSuchFileException", "/home/secret/Too many open files")), None),
        (SearchError("Permission denied: too many open files"), None),
        (FileNotFoundError(errno.ENOENT, "x"), None),
        (OSError("image file is truncated"), None),
    ],
)
def test_the_machines_refusals_are_known_by_their_type(error: Exception, reason: str | None) -> None:
    assert environment_reason(error) == reason


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "x", "/home/secret"), raised(OSError(errno.EMFILE, "x"))])
@pytest.mark.parametrize("address", ["/api/search?query=red", "/v1/lexlip/search?query=red", "/?query=red"])
def test_a_refusal_of_the_machine_is_503_with_its_reason(
    error: Exception, address: str, opened: Served, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(opened.searching, "search", fail)
    answer = client.get(address)
    assert answer.status_code == 503 and "does not let this be read now: Too many open files" in answer.text
    assert "secret" not in answer.text and "build it" not in answer.text


def test_a_picture_that_may_not_be_opened_is_503_and_not_broken(
    opened: Served, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/home/secret")

    for step in ("open", "resolve"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, step, refuse)
            for kind in ("images", "thumbnails"):
                answer = client.get(f"/{kind}/test/dog")
                assert answer.status_code == 503 and "Permission denied" in answer.json()["error"]


def test_an_id_that_is_not_text_is_404_as_that(opened: Served) -> None:
    from lexlip_lucene.serve.http.problems import NotThere

    for look in (opened.searching.stored, opened.searching.vector):
        with pytest.raises(NotThere, match="the id is not valid Unicode"):
            look("\ud800")
        with pytest.raises(NotThere, match="the index has no document 'no'"):
            look("no")


def ends_as(place: Place, check: Check) -> dict[str, Any]:
    """Start a server with this check of the index; return its health once that has ended."""
    opened = place.opened()
    opened.check = IndexCheck(check)
    with TestClient(create_app(opened), base_url=BASE) as client:
        deadline = time.monotonic() + PATIENCE
        while (health := client.get("/api/health").json())["check"]["state"] == "running":
            assert time.monotonic() < deadline
        assert client.get("/api/search?query=red").json()["hits"]
    record: dict[str, Any] = health
    return record


def test_the_check_of_the_index_is_said_while_it_runs(place: Place) -> None:
    opened, release = place.opened(), threading.Event()
    opened.check = IndexCheck(lambda: release.wait(PATIENCE))
    with TestClient(create_app(opened), base_url=BASE) as client:
        health = client.get("/api/health").json()
        assert (health["ok"], health["check"]) == (True, {"state": "running", "error": None})
        release.set()


def test_an_index_as_it_was_written_is_ok(place: Place) -> None:
    health = ends_as(place, lambda: True)
    assert (health["ok"], health["check"]) == (True, {"state": "ok", "error": None})


def test_an_index_without_checksums_has_nothing_to_compare(place: Place) -> None:
    health = ends_as(place, lambda: None)
    assert (health["ok"], health["check"]) == (True, {"state": "nothing to compare", "error": None})


def test_a_damaged_index_is_said_and_searched_all_the_same(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> bool:
        raise DamageError("/home/secret/index/_0.cfs: checksum failed")

    health = ends_as(place, fail)
    assert not health["ok"] and health["check"]["state"] == "failed"
    assert health["check"]["error"] == "the index is not as it was written: see the server's log"
    assert "/home/secret/index/_0.cfs: checksum failed" in caplog.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (raised(PermissionError(errno.EACCES, "x")), "could not be checked: Permission denied"),
        (ZeroDivisionError("/home/secret"), "could not be checked: see the log of the server"),
    ],
)
def test_a_check_that_could_not_run_says_nothing_of_the_index(error: Exception, said: str, place: Place) -> None:
    def fail() -> bool:
        raise error

    health = ends_as(place, fail)
    assert health["ok"] and health["check"]["state"] == "could not run" and said in health["check"]["error"]
