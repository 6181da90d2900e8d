"""Only requests to a server's own names are answered, where these are known.

A page of somebody else may give its own host name the address 127.0.0.1 after it was loaded, and then read what this
server answers (DNS rebinding); the browser still sends the other name in `Host`. And it may send pictures here without
reading the answer, to keep this machine busy; then the browser sends its name in `Origin`.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lexlip_lucene.serve.http.host_name import host_name, is_loopback, origin_name
from lexlip_lucene.serve.http.problems import problem


class HostCheck:
    """A check that answers 400 to a bad `Host`, 421 to a request for another host, and 403 to one from another page.

    This machine's names are `localhost` and its loopback addresses, on whatever port.
    """

    def __init__(self, app: ASGIApp, *, names: Collection[str] | None, any_origin: bool = False) -> None:
        """Let through this machine's names and `names`, or any name if that is None; `any_origin`: pages of any."""
        self._app = app
        self._names = names
        self._any_origin = any_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its host, and its page's, is one that is answered."""
        refusal = self._refused(Headers(scope=scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refused(self, headers: Headers) -> JSONResponse | None:
        hosts = headers.getlist("host")
        if len(hosts) > 1:
            return problem(400, f"a request must have one Host, got {len(hosts)}")
        if not hosts or not hosts[0]:
            return problem(421, "a request must say in Host which host it is for")
        try:
            name = host_name(hosts[0])
        except ValueError as error:
            return problem(400, f"Host: {error}")
        if not self._is_known(name):
            return problem(421, f"{name} is no name of this server: {self._said()} are; --allow-host adds one")
        if "origin" in headers and not self._any_origin and not self._is_known(_origin(headers["origin"])):
            return problem(403, f"a page must be of one of {self._said()}")
        return None

    def _is_known(self, name: str) -> bool:
        return self._names is None or name in self._names or is_loopback(name)

    def _said(self) -> str:
        return ", ".join(["localhost", "127.0.0.1", "[::1]", *(self._names or ())])


def _origin(origin: str) -> str:
    try:
        return origin_name(origin)
    except ValueError:
        return ""
