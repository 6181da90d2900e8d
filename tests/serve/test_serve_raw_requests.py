"""Requests that no client should send. Each is answered as JSON with its status, or as what it is. None is ignored,
takes another's answer or is a fault of the server."""

from collections.abc import Iterator

import pytest
from support import served
from support.raw_http import connected, is_closed, raw, read_answer
from support.served import running

from lexlip_lucene.serve.app import create_app

HOST = b"Host: localhost\r\n"
GET = b"GET /api/search?query=red HTTP/1.1\r\n"
POST = b"POST /v1/lexlip/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"query":"dog"}'
CHUNKED = b"f\r\n%s\r\n0\r\n\r\n" % BODY

ODD: dict[str, tuple[bytes, int]] = {
    # not a request line
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "an empty line": (b"\r\n" + GET + HOST + b"\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    "HTTP/1.10": (b"GET / HTTP/1.10\r\n" + HOST + b"\r\n", 400),
    "http/1.1": (b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    "two spaces": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a space in the address": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tab in the address": (b"GET /a\tb HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "NUL in the address": (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a byte beyond ASCII in the address": (b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method that is none": (b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    # addresses
    "an address without its slash": (b"GET api/health HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tunnel": (b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "another's address": (b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "another's address and Host": (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "another scheme": (b"GET file:///etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an address with a user": (b"GET http://a@localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a path that is not UTF-8": (b"GET /images/%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "half a surrogate in the path": (b"GET /images/%ed%a0%80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an overlong slash": (b"GET /static/..%c0%af..%c0%afapp.py HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a query that is not UTF-8": (b"GET /api/search?query=%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "half a percent sign": (b"GET /images/100% HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an encoded NUL": (b"GET /images/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "two slashes": (b"GET //evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a slash too many": (b"GET /api/health/ HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    # headers
    "no Host": (GET + b"\r\n", 400),
    "no Host in HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", 421),
    "two Hosts": (GET + HOST + HOST + b"\r\n", 400),
    "an empty Host": (GET + b"Host:\r\n\r\n", 421),
    "a space before the colon": (GET + b"Host : localhost\r\n\r\n", 400),
    "a header without a colon": (GET + HOST + b"nothing\r\n\r\n", 400),
    "a header without a name": (GET + HOST + b": x\r\n\r\n", 400),
    "NUL in a header": (GET + HOST + b"X: a\x00b\r\n\r\n", 400),
    "a bare CR in a header": (GET + HOST + b"X: a\rb\r\n\r\n", 400),
    "a folded first header": (GET + b" folded\r\n" + HOST + b"\r\n", 400),
    "101 headers": (GET + HOST + b"X: y\r\n" * 100 + b"\r\n", 431),
    "60,000 headers": (GET + HOST + b"a:\r\n" * 60_000 + b"\r\n", 431),
    "a header that is too long": (GET + HOST + b"X: " + b"y" * 400_000 + b"\r\n\r\n", 431),
    "an address that is too long": (b"GET /" + b"y" * 400_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "a WebSocket": (
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + HOST + b"\r\n",
        400,
    ),
    # where a body ends
    "both lengths": (POST + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED, 400),
    "both lengths, turned": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n" + CHUNKED, 400),
    "chunks in HTTP/1.0": (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED, 400),
    "two lengths": (POST + b"Content-Length: 15\r\nContent-Length: 5\r\n\r\n" + BODY, 400),
    "two lengths in one": (POST + b"Content-Length: 15, 5\r\n\r\n" + BODY, 400),
    "a length with a sign": (POST + b"Content-Length: +15\r\n\r\n" + BODY, 400),
    "a length below 0": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "a length in hexadecimal": (POST + b"Content-Length: 0xf\r\n\r\n" + BODY, 400),
    "a length of 30 digits": (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 400),
    "a length of 20 digits": (POST + b"Content-Length: " + b"9" * 20 + b"\r\n\r\n", 413),
    "chunks twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED, 501),
    "chunks and gzip": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED, 501),
    "chunks that are none": (POST + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED, 501),
    "a chunk's size that is not a number": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a chunk that is longer than it says": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n" + BODY, 400),
    "a chunk's size of 30 digits": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n", 400),
    # bodies
    "half a surrogate in JSON": (POST + b'Content-Length: 18\r\n\r\n{"query":"\\ud800"}', 400),
    "JSON that is not UTF-8": (POST + b'Content-Length: 13\r\n\r\n{"query":"\xff"}', 400),
    "JSON that nests deeply": (POST + b"Content-Length: 15000\r\n\r\n" + b"[" * 15000, 400),
    "an upload without a boundary": (
        b"POST /api/encode HTTP/1.1\r\nContent-Type: multipart/form-data\r\nContent-Length: 3\r\n" + HOST + b"\r\nabc",
        400,
    ),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = served.make(tmp_path_factory.mktemp("served"))
    with running(create_app(place.opened())) as address:
        yield address


@pytest.mark.parametrize("what", ODD)
def test_an_odd_request_is_refused_as_json_and_the_next_client_is_answered(
    what: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent, status = ODD[what]
    answer = raw(address, sent)
    assert (answer.status, bool(answer.error)) == (status, True)
    assert answer.headers["x-content-type-options"] == "nosniff" and "server" not in answer.headers
    assert raw(address, GET + HOST + b"\r\n").status == 200
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize("what", ["both lengths", "two lengths", "chunks in HTTP/1.0", "chunks and gzip", "two Hosts"])
def test_what_follows_a_request_that_ends_unclearly_is_not_read(what: str, address: str) -> None:
    with connected(address) as client:
        client.sendall(ODD[what][0] + GET + HOST + b"\r\n")
        assert read_answer(client).status == ODD[what][1]
        assert is_closed(client)


@pytest.mark.parametrize(
    "sent",
    [
        GET + HOST + b"\r\n",
        b"GET http://localhost/api/health HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET HTTP://LOCALHOST?query=red HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.0\r\n" + HOST + b"\r\n",
        GET + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        GET + HOST + b"X: \xe9\r\n\r\n",
        GET + HOST + b"X:\r\n\r\n",
        GET + HOST + b"X: y\r\n" * 98 + b"\r\n",
        POST + b"Content-Length: 15\r\n\r\n" + BODY,
        POST + b"Content-Length: 15\r\nContent-Length: 15\r\n\r\n" + BODY,
        POST + b"Transfer-Encoding: Chunked\r\n\r\n" + CHUNKED,
        POST + b"Transfer-Encoding: chunked\r\n\r\nf;a=b\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % BODY,
    ],
)
def test_what_is_unusual_but_right_is_answered(sent: bytes, address: str) -> None:
    assert raw(address, sent).status == 200


def test_a_hundred_requests_ahead_of_their_answers_are_answered_in_their_order(address: str) -> None:
    with connected(address) as client:
        client.sendall(
            b"".join(b"GET /api/search?query=red&k=%d HTTP/1.1\r\n%s\r\n" % (k, HOST) for k in range(1, 101))
        )
        answers = [read_answer(client) for _ in range(100)]
    assert [answer.body.count(b'"docid"') for answer in answers] == [min(k, 6) for k in range(1, 101)]


def test_ranges_of_a_file_are_passed_over_and_the_whole_of_it_comes(address: str) -> None:
    asked = b"GET /static/page.js HTTP/1.1\r\n" + HOST + b"Range: bytes="
    for ranges in (b"0-9", b",".join(b"%d-%d" % (at, at) for at in range(0, 9000, 2))):
        answer = raw(address, asked + ranges + b"\r\n\r\n")
        assert answer.status == 200 and answer.body.startswith(b"// The page lives in its address")


def test_a_client_that_sends_no_more_is_answered(address: str) -> None:
    with connected(address) as client:
        client.sendall(GET + HOST + b"\r\n")
        client.shutdown(1)
        assert read_answer(client).status == 200
        assert is_closed(client)


def test_half_a_head_is_400_when_no_more_comes(address: str) -> None:
    with connected(address) as client:
        client.sendall(GET + HOST)
        client.shutdown(1)
        answer = read_answer(client)
        assert answer.status == 400 and "ended before its head did" in answer.error


def test_half_a_body_is_no_fault_when_no_more_comes(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with connected(address) as client:
        client.sendall(POST + b"Content-Length: 15\r\n\r\n" + BODY[:5])
        client.shutdown(1)
        assert is_closed(client)
    assert raw(address, GET + HOST + b"\r\n").status == 200
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
