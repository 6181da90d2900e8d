"""From where a server is reached: by which names, through which proxies, by whose pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Self

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.http.forwarded import Network
from lexlip_lucene.serve.http.host_name import host_name, is_loopback

OWN_PATHS = (
    *("api", "v1", "openapi.json", "static", "results", "hit"),
    *("images", "thumbnails", "pictures", "patches", "matches", "clouds"),
)
"""First parts of the server's own paths. A path below a proxy may not begin with one, since it could be either."""


@dataclass(frozen=True)
class Reach:
    """From where requests are taken.

    Attributes:
        names: hosts that requests may be for, beside this machine's own; None for any.
        proxies: networks whose `X-Forwarded-*` headers are believed.
        cross_site: pages of other sites may ask for everything.
    """

    names: tuple[str, ...] | None = ()
    proxies: tuple[Network, ...] = ()
    cross_site: bool = False

    @classmethod
    def of(cls, host: str, allow_hosts: Iterable[str], proxies: Iterable[str], *, cross_site: bool) -> Self:
        """Return the reach of a server that listens on `host`: on other than loopback, any name where none is given.

        Raises:
            InputError: a name or a proxy is not what is needed.
        """
        names = tuple(map(_name, allow_hosts))
        return cls(names if names or is_loopback(host) else None, tuple(map(_network, proxies)), cross_site)


LOCAL = Reach()
"""This machine only."""


def checked_root_path(path: str) -> str:
    """Return the path below which a proxy has the server, without a final slash; "" for the top.

    Raises:
        InputError: it is not a path, or begins with one of OWN_PATHS.
    """
    root = path.rstrip("/")
    parts = root.split("/")[1:]
    plain = all(part and part not in (".", "..") and part.isascii() for part in parts)
    if root and not (root.startswith("/") and plain and all(each.isalnum() or each in "/-._~" for each in root)):
        raise InputError(f"--root-path must be a path such as /photos, of letters, digits and -._~, got {path!r}")
    if parts and parts[0] in OWN_PATHS:
        raise InputError(f"--root-path must not begin with /{parts[0]}, which is a path of the server itself")
    return root


def _name(name: str) -> str:
    try:
        found = host_name(name)
    except ValueError as error:
        raise InputError(f"--allow-host: {error}") from None
    if name.endswith(":") or (name.rpartition(":")[2].isdigit() and not name.endswith("]")):
        raise InputError(f"--allow-host takes a name without a port, got {name!r}: every port is answered")
    return found


def _network(address: str) -> Network:
    try:
        return ip_network(address, strict=False)
    except ValueError:
        raise InputError(f"--proxy must be an address or network, such as 10.0.0.0/8, got {address!r}") from None
