"""The end of a server: work under way is answered within the grace, the rest gets 503, nothing delays it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from support import served
from support.raw_http import PATIENCE, connected, is_closed, read_answer
from support.served import Place, server_of

from lexlip_lucene.serve import server as serving
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.server import Announcing

SEARCH = b"GET /api/search?query=red HTTP/1.1\r\nHost: localhost\r\n\r\n"
ICON = b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


class Held:
    """Searches that begin and do not end until they are let go."""

    def __init__(self, opened: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.release = threading.Event(), threading.Event()
        search = opened.searching.search

        def held(*asked: Any) -> Any:
            self.began.set()
            assert self.release.wait(PATIENCE)
            return search(*asked)

        monkeypatch.setattr(opened.searching, "search", held)


@contextmanager
def ending(server: Announcing) -> Iterator[None]:
    """Tell the server to end, as a signal does, and wait until it has begun to."""
    server.should_exit = True
    deadline = time.monotonic() + PATIENCE
    while not server.config.crowd.ending:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield


def test_what_is_under_way_is_answered_and_a_kept_connection_gets_503(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = place.opened(Limits(seconds=PATIENCE))
    held = Held(opened, monkeypatch)
    monkeypatch.setattr(serving, "GRACE_SECONDS", PATIENCE)
    with server_of(create_app(opened)) as (address, server), ExitStack() as clients:
        works, kept, half = (clients.enter_context(connected(address)) for _ in range(3))
        works.sendall(SEARCH)
        kept.sendall(ICON)
        assert read_answer(kept).status == 200
        half.sendall(SEARCH[:20])
        assert held.began.wait(PATIENCE)
        with ending(server):
            for client, rest in ((kept, SEARCH), (half, SEARCH[20:])):
                client.sendall(rest)
                answer = read_answer(client)
                assert answer.status == 503 and answer.error == "the server is ending"
                assert answer.headers["connection"] == "close" and is_closed(client)
            with pytest.raises(ConnectionRefusedError):
                clients.enter_context(connected(address))
            held.release.set()
            answer = read_answer(works)
            assert answer.status == 200 and answer.body.count(b'"docid"') == 6
            assert is_closed(works)


def test_what_does_not_end_within_the_grace_gets_503_and_holds_nothing_up(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = place.opened(Limits(seconds=PATIENCE))
    held = Held(opened, monkeypatch)
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.2)
    with server_of(create_app(opened)) as (address, server), connected(address) as works:
        works.sendall(SEARCH)
        assert held.began.wait(PATIENCE)
        with ending(server):
            answer = read_answer(works)
            assert answer.status == 503 and answer.error == "the server is ending"
    assert not held.release.is_set()  # and yet the server has ended
    assert "the indexes stay open" in caplog.text
    held.release.set()
    opened.searches._threads.shutdown()
    opened.searching.close()


def test_silent_clients_do_not_hold_the_end_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", PATIENCE)
    with (
        ExitStack() as clients,
        server_of(create_app(place.opened()), patience=600) as (address, server),
    ):
        for _ in range(20):
            clients.enter_context(connected(address)).sendall(SEARCH[:10])
        begun = time.monotonic()
        server.should_exit = True
    assert time.monotonic() - begun < PATIENCE
