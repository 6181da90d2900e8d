"""The headers in which a proxy describes the request that it passes on: believed of known proxies only.

uvicorn's own middleware takes the client's address from `X-Forwarded-For` and the scheme from `X-Forwarded-Proto`; here
`X-Forwarded-Host` is added, whose last entry is that of the proxy next to this server.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Network = IPv4Network | IPv6Network


class Forwarded:
    """Puts what `X-Forwarded-*` say in the place of what the connection says, when it is from one of `proxies`."""

    def __init__(self, app: ASGIApp, *, proxies: Sequence[Network]) -> None:
        self._app = app
        self._proxies = proxies
        self._with_client = ProxyHeadersMiddleware(cast(Any, app), [str(network) for network in proxies])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not self._trusts(scope):
            await self._app(scope, receive, send)
            return
        hosts = ",".join(Headers(scope=scope).getlist("x-forwarded-host"))
        if hosts:
            headers = MutableHeaders(raw=list(scope["headers"]))
            headers["host"] = hosts.rpartition(",")[2].strip()
            scope["headers"] = headers.raw
        await self._with_client(cast(Any, scope), cast(Any, receive), cast(Any, send))

    def _trusts(self, scope: Scope) -> bool:
        """Return True if the connection is from a proxy; its address is written as IPv4 if it is one."""
        address, port = scope.get("client") or ("", 0)
        try:
            client = ip_address(address)
        except ValueError:
            return False
        if isinstance(client, IPv6Address) and client.ipv4_mapped:
            client = client.ipv4_mapped
            scope["client"] = (str(client), port)
        return any(client in network for network in self._proxies)
