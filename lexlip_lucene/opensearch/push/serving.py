"""The alias that searches name, and the index behind it: one at a time, changed in one request."""

from typing import Any
from urllib.parse import quote

from lexlip_lucene.errors import ClusterError, OutputError
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.push.persistence import Persistence


def index_behind(connection: Connection, alias: str, persistence: Persistence) -> str | None:
    """Return the name of the index that has `alias`; None if none has.

    Raises:
        OutputError: an index has that name itself, or several have the alias.
    """
    try:
        found: dict[str, Any] = persistence.ask(lambda: connection.request("GET", f"/{quote(alias, safe='')}/_alias"))
    except ClusterError as error:
        if error.status == 404:
            return None
        raise
    if alias in found:
        raise OutputError(
            f"{connection.address}: {alias} is an index, and an alias is needed there, so that another index can take "
            "its place in one step: choose another name"
        )
    if len(found) > 1:
        raise OutputError(
            f"{connection.address}: {alias} is an alias of {len(found)} indexes ({', '.join(sorted(found))}), and only "
            "one can be replaced: choose another name"
        )
    return next(iter(found), None)


def let_serve(
    connection: Connection, alias: str, index: str, before: str | None, loading: str, persistence: Persistence
) -> None:
    """Give `alias` to `index` and to no other, and take away its alias `loading`, all in one step.

    Of two at once the later one wins, whichever index had the alias before. A user may have no rights for the indexes
    of others, so the pattern is that of the names that a push makes (`new_index.index_name`). `before`, which had the
    alias just now, is also named by itself, since a pattern does not match an index that is closed or hidden.
    """
    pattern = f"{alias.lower()}-*"
    actions: list[dict[str, dict[str, Any]]] = [
        {"remove": {"index": name, "alias": alias, "must_exist": False}} for name in (pattern, before) if name
    ]
    actions += [
        {"add": {"index": index, "alias": alias}},
        {"remove": {"index": index, "alias": loading, "must_exist": False}},
    ]
    persistence.ask(lambda: connection.request("POST", "/_aliases", {"actions": actions}))


def set_loading(
    connection: Connection, index: str, loading: str, persistence: Persistence, *, there: bool = True
) -> None:
    """Give `index` the alias `loading`, or take it away."""
    action: dict[str, dict[str, Any]] = {"add": {"index": index, "alias": loading}}
    if not there:
        action = {"remove": {"index": index, "alias": loading, "must_exist": False}}
    persistence.ask(lambda: connection.request("POST", "/_aliases", {"actions": [action]}))
