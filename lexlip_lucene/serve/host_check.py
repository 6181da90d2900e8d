"""Only requests to this machine's own names are answered while the server listens on a loopback address.

A page of somebody else may give its own host name the address 127.0.0.1 after it was loaded, and then read what this
server answers (DNS rebinding); the browser still sends the other name in `Host`. And it may send pictures here without
reading the answer, to keep this machine busy; then the browser sends its name in `Origin`.
"""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lexlip_lucene.serve.problems import problem

NAMES = ("localhost", "127.0.0.1", "[::1]")


class HostCheck:
    """Answers 421 to a request for another host, and 403 to one from a page of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when its host, and its page's, is one of NAMES, on whatever port."""
        refusal = refused(Headers(scope=scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)


def refused(headers: Headers) -> JSONResponse | None:
    """Return what a request with these headers is answered, when it is not to be passed on."""
    names = ", ".join(NAMES)
    if host_name(headers.get("host", "")) not in NAMES:
        return problem(421, f"the host must be one of {names}")
    if "origin" in headers and host_name(headers["origin"].partition("//")[2]) not in NAMES:
        return problem(403, f"a page must be of one of {names}")
    return None


def host_name(host: str) -> str:
    """Return `host` without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
