"""The name in `Host` or `Origin`, read strictly: anything but exactly a host and perhaps a port is refused."""

import re
from ipaddress import IPv6Address, ip_address

_AUTHORITY = re.compile(
    r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)(?::(?P<port>[0-9]{1,5}))?"
)
_LONGEST = 253
_ORIGIN = re.compile(r"https?://(?P<authority>[^/]*)", re.IGNORECASE)


def host_name(authority: str) -> str:
    """Return the name in `host` or `host:port`: in lower case, without a final dot, IPv6 in brackets and shortest.

    Raises:
        ValueError: it is something else, such as `user@host`, `host:70000` or `[::1`.
    """
    found = _AUTHORITY.fullmatch(authority)
    try:
        if found is None or not 1 <= int(found["port"] or 1) <= 65535:
            raise ValueError
        name = found["name"].lower().removesuffix(".")
        shortest = f"[{IPv6Address(name[1:-1]).compressed}]" if name.startswith("[") else name
        if len(name) > _LONGEST:
            raise ValueError
    except ValueError:
        raise ValueError(f"a host must be a name or address, perhaps with :port, got {authority[:80]!r}") from None
    return shortest


def origin_name(origin: str) -> str:
    """Return the host's name in an `Origin`; errors as in `host_name`, also for `null`."""
    found = _ORIGIN.fullmatch(origin)
    return host_name(found["authority"] if found else origin + "/")


def is_loopback(host: str) -> bool:
    """Return True if `host`, an address perhaps in brackets or `localhost`, is reached from this machine only."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host == "localhost"
