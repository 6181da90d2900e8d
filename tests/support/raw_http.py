"""Requests as bytes over a socket of their own, such as no HTTP client would send."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

PATIENCE = 60.0
"""Seconds after which an answer that should come has not, on a very busy machine."""


class Answer(NamedTuple):
    """An answer whose connection was closed after it, or which was read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """The problem of a JSON answer, which has nothing else in it."""
        assert self.headers["content-type"] == "application/json"
        record = orjson.loads(self.body)
        assert list(record) == ["error"]
        said: str = record["error"]
        return said


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """Open a connection to the server at `address`."""
    at = urlsplit(address)
    assert at.hostname and at.port
    with socket.create_connection((at.hostname, at.port), timeout=PATIENCE) as client:
        yield client


def raw(address: str, sent: bytes, *, method: str = "GET") -> Answer:
    """Send these bytes on a new connection; return the first answer."""
    with connected(address) as client:
        client.sendall(sent)
        return read_answer(client, method=method)


def read_answer(client: socket.socket, *, method: str = "GET") -> Answer:
    """Read one answer to a request of this method, and not a byte more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            raise EOFError(f"the connection was closed after {head!r}")
        head += byte
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split(" ")[1])
    length = 0 if method == "HEAD" or status < 200 else int(headers["content-length"])
    body = b""
    while len(body) < length:
        part = client.recv(length - len(body))
        if not part:
            raise EOFError(f"the connection was closed after {len(body)} of {length} bytes")
        body += part
    return Answer(status, headers, body)


def is_closed(client: socket.socket) -> bool:
    """Return true if the server closes this connection without another byte, within PATIENCE."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
