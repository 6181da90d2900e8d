"""The address of an index in a cluster: `https://host:9200/alias`, typed wherever an index folder is.

Several nodes of one cluster stand side by side, `http://a:9200,b:9200/alias`: a request that one of them can't take
goes to the next. The last part of the path is the alias; parts before it belong to a proxy. A user's name and password
are never part of an address, which is logged, shown on the page and kept in shells' histories.
"""

import re
from typing import NamedTuple, Self
from urllib.parse import SplitResult, urlsplit

from lexlip_lucene.errors import InputError

USER_VARIABLE = "LEXLIP_OPENSEARCH_USER"
PASSWORD_VARIABLE = "LEXLIP_OPENSEARCH_PASSWORD"

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_NOT_IN_A_NAME = frozenset('\\/*?"<>|, #:')
_MOST_BYTES = 255
_FORM = "an index in a cluster is http://host:9200/alias or https://host:9200/alias"


class Node(NamedTuple):
    """A node to speak to."""

    host: str
    port: int


class ClusterAddress(NamedTuple):
    """The address of an index in a cluster.

    Attributes:
        scheme: http or https.
        nodes: at least one; of the same cluster.
        prefix: path before the alias, `` or `/…`.
        alias: the name that the cluster knows the index by.
    """

    scheme: str
    nodes: tuple[Node, ...]
    prefix: str
    alias: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read an address.

        Raises:
            InputError: not an address, or one with a user's name or a password, which the message does not repeat.
        """
        if "@" in text:
            raise InputError(
                f"an address of a cluster has no user's name, no password and no @: set {USER_VARIABLE} and "
                f"{PASSWORD_VARIABLE} in the environment instead"
            )
        if not is_address(text):
            raise InputError(f"{text} is not an address of a cluster: {_FORM}")
        scheme, _, rest = text.partition("://")
        hosts, _, path = rest.partition("/")
        prefix, _, alias = path.rstrip("/").rpartition("/")
        if "?" in text or "#" in text:
            raise InputError(f"{text} has a query or a fragment: {_FORM}")
        _require_index_name(text, alias)
        nodes = tuple(_node(text, scheme.lower(), host) for host in hosts.split(","))
        return cls(scheme.lower(), nodes, f"/{prefix}" if prefix else "", alias)

    @property
    def url(self) -> str:
        """The cluster's own address, without the alias."""
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.nodes)
        return f"{self.scheme}://{hosts}{self.prefix}"

    def __str__(self) -> str:
        return f"{self.url}/{self.alias}"


def is_address(text: str) -> bool:
    """Tell an address of a cluster from the path of a folder."""
    return _SCHEME.match(text) is not None


def _node(text: str, scheme: str, host: str) -> Node:
    try:
        parts: SplitResult = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{text}: {error}; {_FORM}") from error
    if not name or parts.path:
        raise InputError(f"{text} names no host: {_FORM}")
    return Node(name, _PORTS[scheme] if port is None else port)


def _require_index_name(text: str, alias: str) -> None:
    """Raise InputError unless OpenSearch would take `alias` as a name."""
    if not alias:
        raise InputError(f"{text} names no index: {_FORM}")
    wrong = alias in (".", "..") or alias[0] in "-_+" or alias != alias.lower() or _NOT_IN_A_NAME & set(alias)
    forbidden = " ".join(sorted(_NOT_IN_A_NAME - {" "}))
    if wrong or len(alias.encode()) > _MOST_BYTES or any(letter.isspace() or letter < " " for letter in alias):
        raise InputError(
            f"{alias} in {text} can't be the name of an index: OpenSearch takes at most {_MOST_BYTES} bytes, no "
            f"capital letter, no -, _ or + at the start, and no space and none of {forbidden}"
        )
