"""The alias that searches name, and the index behind it: one at a time, changed in one request."""

from typing import Any
from urllib.parse import quote

from lexlip_lucene.errors import ClusterError, InputError, OutputError
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.persistence import Persistence


class ServedAlias:
    """The alias of a connection's address.

    Args:
        connection: to the cluster.
        persistence: how long requests are made again.
    """

    def __init__(self, connection: Connection, persistence: Persistence) -> None:
        self._connection, self._persistence = connection, persistence
        self._address, self._alias = connection.address, connection.address.alias

    def index(self) -> str | None:
        """Return the index behind the alias, None without one; it is one whose place another may take.

        Raises:
            OutputError: none may: an index has that name itself, several have the alias, or one that no push made.
        """
        at_once = Persistence(0)  # a wrong address is said at once
        index = self._behind(at_once)
        if index is not None and not ClusterIndex(self._connection, index, self._persistence).facts():
            raise OutputError(
                f"{self._alias} is an alias of {index}, which no push made, so nothing takes its place: choose another "
                "alias"
            )
        return index

    def required(self) -> str:
        """Return the index behind the alias; errors as in `index`, and InputError without one."""
        index = self.index()
        if index is None:
            raise InputError(f"{self._address} names no index yet: push a collection there first, without --append")
        return index

    def require_still(self, index: str) -> None:
        """Raise OutputError if the alias does not name `index`, which was just changed, any more."""
        now = self._behind(self._persistence)
        if now != index:
            raise OutputError(
                f"{index} was changed, but {self._alias} names {now} by now: another push came in between; make the "
                "change again"
            )

    def take(self, index: str, loading: str) -> str:
        """Let the alias name `index` and no other, and take away its alias `loading`, all in one step.

        Of two at once the later one wins, whichever index had the alias before. A user may have no rights for the
        indexes of others, so the pattern is that of the names that a push makes (`new_index.index_name`). The index
        that had the alias just now is also named by itself, since a pattern matches none that is closed or hidden.

        Returns:
            The name of the index that had the alias before; "" if it was none, or the same.
        """
        before = self._behind(self._persistence)
        actions: list[dict[str, dict[str, Any]]] = [
            {"remove": {"index": name, "alias": self._alias, "must_exist": False}}
            for name in (f"{self._alias.lower()}-*", before)
            if name
        ]
        actions += [
            {"add": {"index": index, "alias": self._alias}},
            {"remove": {"index": index, "alias": loading, "must_exist": False}},
        ]
        self._persistence.ask(lambda: self._connection.request("POST", "/_aliases", {"actions": actions}))
        return before if before not in (None, index) else ""

    def _behind(self, persistence: Persistence) -> str | None:
        """Return the name of the index that has the alias; None if none has.

        Raises:
            OutputError: an index has that name itself, or several have the alias.
        """
        alias = quote(self._alias, safe="")
        try:
            found = persistence.ask(lambda: self._connection.by_index(alias, "aliases"))
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        if self._alias in found:
            raise OutputError(
                f"{self._address}: {self._alias} is an index, and an alias is needed there, so that another index can "
                "take its place in one step: choose another name"
            )
        if len(found) > 1:
            raise OutputError(
                f"{self._address}: {self._alias} is an alias of {len(found)} indexes ({', '.join(sorted(found))}), and "
                "only one can be replaced: choose another name"
            )
        return next(iter(found), None)


def set_loading(
    connection: Connection, index: str, loading: str, persistence: Persistence, *, there: bool = True
) -> None:
    """Give `index` the alias `loading`, or take it away."""
    action: dict[str, dict[str, Any]] = {"add": {"index": index, "alias": loading}}
    if not there:
        action = {"remove": {"index": index, "alias": loading, "must_exist": False}}
    persistence.ask(lambda: connection.request("POST", "/_aliases", {"actions": [action]}))
