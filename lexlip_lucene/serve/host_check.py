"""Only requests to this machine's own names are answered while the server listens on a loopback address.

A page of somebody else may give its own host name the address 127.0.0.1 after it was loaded, and then read what this
server answers (DNS rebinding); the browser still sends the other name in `Host`.
"""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lexlip_lucene.serve.problems import problem

NAMES = ("localhost", "127.0.0.1", "[::1]")


class HostCheck:
    """Answers 421 to a request for another host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when its host is one of NAMES, on whatever port."""
        if scope["type"] == "http" and host_name(Headers(scope=scope).get("host", "")) not in NAMES:
            await problem(421, f"the host must be one of {', '.join(NAMES)}")(scope, receive, send)
            return
        await self._app(scope, receive, send)


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
