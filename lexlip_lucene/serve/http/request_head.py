"""The rules for the head of a request, beyond HTTP: nothing that two servers could read in two ways.

A proxy and a server that disagree on where a request ends, or whom it is for, can be made to answer one client with
another's. And the path is made one: below `root_path`, whether the proxy in front took that off or left it on.
"""

import re
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lexlip_lucene.serve.http.limits import LONGEST_LINK
from lexlip_lucene.serve.http.problems import TOO_LONG, problem

MOST_HEADERS = 100
VERSIONS = ("1.0", "1.1")

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class RequestHead:
    """A check that answers 400, 431 or 505 to heads that are not strictly HTTP/1, and sets the others' paths."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its head is as it must be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            refusal = refused(scope)
            path = path_of(scope)
        except ValueError as error:
            refusal = problem(400, str(error))
        if refusal is not None:
            refusal.headers["Connection"] = "close"  # what follows may not be what it seems
            await refusal(scope, receive, send)
            return
        if path == self._root_path or path.startswith(f"{self._root_path}/"):
            path = path[len(self._root_path) :]
        full = self._root_path + (path or "/")
        # A server may pass over ranges: pictures are small, and a list of thousands costs a read for each.
        headers = [(name, text) for name, text in scope["headers"] if name != b"range"]
        await self._app({**scope, "path": full, "root_path": self._root_path, "headers": headers}, receive, send)


def refused(scope: Scope) -> JSONResponse | None:
    """Return what a head like that of `scope` is answered, when it is not to be passed on."""
    headers = Headers(scope=scope)
    if scope["http_version"] not in VERSIONS:
        return problem(505, f"HTTP must be of version {' or '.join(VERSIONS)}, got {scope['http_version']}")
    size = sum(len(name) + len(value) for name, value in headers.raw) + len(scope["query_string"])
    if size + len(scope.get("raw_path") or b"") > LONGEST_LINK:
        return problem(431, TOO_LONG)  # one that comes in one piece; the others are not even read
    if len(headers) > MOST_HEADERS:
        return problem(431, f"a request has at most {MOST_HEADERS} headers, got {len(headers)}")
    if "transfer-encoding" in headers and ("content-length" in headers or scope["http_version"] == "1.0"):
        return problem(400, "Transfer-Encoding must come without Content-Length, and not in HTTP/1.0")
    if headers.get("upgrade", "").lower() == "websocket":
        return problem(400, "no WebSocket is served here")
    return None


def path_of(scope: Scope) -> str:
    """Return the path that is asked for, decoded.

    Raises:
        ValueError: the target is neither a path nor an `http://` address of this very `Host`, or not UTF-8.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    raw = raw.partition(b"?")[0]
    absolute = _ABSOLUTE.fullmatch(raw)
    if absolute is not None:
        authority, raw = absolute[1].decode("latin-1"), absolute[2] or b"/"
        if authority.lower() != Headers(scope=scope).get("host", "").lower():
            raise ValueError("the address and the header Host must name the same host")
    if not raw.startswith(b"/"):
        raise ValueError("the address must begin with / or http://")
    try:
        unquote_to_bytes(scope["query_string"]).decode()
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise ValueError("the address must be UTF-8 once its %XX are decoded") from None
