"""Slow and silent clients: each is timed out, and 500 of them shut nobody out."""

import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from PIL import Image
from support import served
from support.raw_http import PATIENCE, connected, is_closed, raw, read_answer
from support.served import Place, running, server_of

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.crowd import Crowd, Waits
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.server import SPARE_DESCRIPTORS, affordable

CLIENTS = 500
CONNECTIONS = 60
SEARCH = b"GET /api/search?query=red HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPLOAD = b"POST /api/encode HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def patient(place: Place) -> Iterator[str]:
    """Run a server that waits for ever, so that it closes connections only for want of room."""
    app = create_app(place.opened(Limits(seconds=600)))
    with running(app, connections=CONNECTIONS, patience=600) as address:
        yield address


@pytest.fixture(scope="module")
def hasty(place: Place) -> Iterator[str]:
    """Run a server that waits half a second for its clients."""
    with running(create_app(place.opened(Limits(seconds=0.5))), patience=0.5) as address:
        yield address


def silent(client: socket.socket) -> None:
    """Send nothing."""


def half_a_head(client: socket.socket) -> None:
    client.sendall(SEARCH[:30])


def no_body(client: socket.socket) -> None:
    client.sendall(UPLOAD + b"Content-Length: 1000\r\n\r\n")


def part_of_a_chunk(client: socket.socket) -> None:
    client.sendall(UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--")


def idle_after_an_answer(client: socket.socket) -> None:
    client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read_answer(client).status == 200


def takes_no_answer(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.setblocking(False)
    asked = b"GET /static/page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
    while True:
        try:
            client.send(asked)
        except BlockingIOError:
            return


KINDS = [silent, half_a_head, no_body, part_of_a_chunk, idle_after_an_answer, takes_no_answer]


@pytest.mark.parametrize("slow", KINDS)
def test_500_slow_clients_shut_nobody_out(slow: Callable[[socket.socket], None], patient: str) -> None:
    with ExitStack() as clients:
        for number in range(CLIENTS):
            slow(clients.enter_context(connected(patient)))
            if number % 100 == 99:
                assert raw(patient, SEARCH).status == 200
        for _ in range(5):
            assert raw(patient, SEARCH).status == 200


def test_500_clients_that_come_at_once_shut_nobody_out(patient: str) -> None:
    with ExitStack() as clients:
        sockets = [clients.enter_context(connected(patient)) for _ in range(CLIENTS)]
        for client in sockets:
            client.sendall(b"GET ")
        assert raw(patient, SEARCH).status == 200


def test_an_upload_continues_while_silent_clients_come_and_go(patient: str, place: Place) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    body = part + (place.images / "0.png").read_bytes() + b"\r\n--b--\r\n"
    with connected(patient) as client, ExitStack() as clients:
        client.sendall(UPLOAD + f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert read_answer(client).status == 100
        for _ in range(3 * CONNECTIONS):
            clients.enter_context(connected(patient))
        client.sendall(body)
        assert read_answer(client).status == 200


def test_who_is_turned_away_in_the_middle_of_a_head_learns_it(patient: str) -> None:
    with ExitStack() as clients:
        first = clients.enter_context(connected(patient))
        half_a_head(first)
        for _ in range(2 * CONNECTIONS):
            clients.enter_context(connected(patient))
        answer = read_answer(first)
        assert answer.status == 503 and "more connections are open" in answer.error


@pytest.mark.parametrize("slow", [silent, idle_after_an_answer])
def test_a_client_that_asks_for_nothing_is_closed(slow: Callable[[socket.socket], None], hasty: str) -> None:
    with connected(hasty) as client:
        slow(client)
        assert is_closed(client)


def test_a_client_that_takes_no_answer_is_closed(place: Place) -> None:
    app = create_app(place.opened())
    with server_of(app, patience=0.5) as (address, server), connected(address) as client:
        takes_no_answer(client)
        deadline = time.monotonic() + PATIENCE
        while len(server.config.crowd):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_client_that_takes_its_time_gets_all_of_a_large_picture(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    Image.frombytes("RGB", (1500, 1000), os.urandom(4_500_000)).save(place.images / "0.png")
    with running(create_app(place.opened()), patience=0.5) as address, connected(address) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.sendall(b"GET /images/val%2Fred-circle-0 HTTP/1.0\r\nHost: localhost\r\n\r\n")
        got = 0
        while part := client.recv(200_000):
            got += len(part)
            time.sleep(0.05)
        assert got > (place.images / "0.png").stat().st_size


def test_a_head_that_does_not_end_is_408_however_it_drips(hasty: str) -> None:
    with connected(hasty) as client:
        client.settimeout(0.05)
        client.sendall(SEARCH[:40])
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(TimeoutError):
                client.send(b"a")
                first = client.recv(1, socket.MSG_PEEK)
                break
        client.settimeout(PATIENCE)
        answer = read_answer(client)
        assert first and answer.status == 408 and "the head of a request must arrive within 0.5 s" in answer.error


def test_the_next_head_on_a_kept_connection_has_no_more_time(hasty: str) -> None:
    with connected(hasty) as client:
        client.sendall(SEARCH + SEARCH[:20])
        assert read_answer(client).status == 200
        answer = read_answer(client)
        assert answer.status == 408 and "must arrive within 0.5 s" in answer.error
        assert is_closed(client)


@pytest.mark.parametrize("slow", [no_body, part_of_a_chunk])
def test_a_body_that_does_not_come_is_408(slow: Callable[[socket.socket], None], hasty: str) -> None:
    with connected(hasty) as client:
        slow(client)
        answer = read_answer(client)
        assert answer.status == 408 and "the body must arrive within" in answer.error
        assert is_closed(client)


def test_a_body_that_nobody_asked_for_is_not_waited_for(hasty: str) -> None:
    with connected(hasty) as client:
        client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        assert read_answer(client).status == 200
        assert is_closed(client)


@pytest.mark.parametrize("chunked", [False, True])
def test_who_still_sends_a_body_that_is_too_large_reads_why_it_was_refused(chunked: bool, place: Place) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    app = create_app(place.opened(Limits(upload_bytes=100_000)))
    with running(app) as address, connected(address) as client:
        client.sendall(UPLOAD + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 20000000"))
        client.sendall(b"\r\n\r\n")
        for sent in [part, *[b"x" * 60_000] * 300]:  # all of it before reading anything, as simple clients do
            client.sendall(b"%x\r\n%s\r\n" % (len(sent), sent) if chunked else sent)
        answer = read_answer(client)
        assert answer.status == 413 and "a body of at most" in answer.error


def test_the_most_frequent_kind_of_waiting_makes_room() -> None:
    turned_away: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        def turn_away(self) -> None:
            turned_away.append(self.name)

    crowd = Crowd(4)
    guests = {name: Named(name) for name in ("upload", "works", "old", "new", "newer", "newest")}
    for name in ("upload", "works", "old"):
        crowd.enter(guests[name])
    crowd.work(guests["works"])
    crowd.wait(guests["upload"], Waits.REST)
    for name in ("new", "newer", "newest"):
        crowd.enter(guests[name])
    assert turned_away == ["old", "new"] and len(crowd) == 4


def test_fewer_connections_are_open_where_fewer_files_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert affordable(200) == 200
    used = len(os.listdir("/dev/fd")) + SPARE_DESCRIPTORS
    monkeypatch.setattr(resource, "getrlimit", lambda _: (used + 450, used + 450))
    assert 100 < affordable(300) < 200
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    with pytest.raises(InputError, match=r"the limit is 64: raise it with `ulimit -n`"):
        affordable(200)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert affordable(200) == 200
