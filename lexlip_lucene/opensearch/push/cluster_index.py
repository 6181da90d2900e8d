"""An index in the cluster by its own name, and the requests about it."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from lexlip_lucene.errors import ClusterError, IndexingError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.mapping import CAPTIONS, TOKENS
from lexlip_lucene.opensearch.push.persistence import Persistence

_POLL_SECONDS = 10
_REFRESH_SECONDS = 600.0


class Counted(NamedTuple):
    """The cluster's counts of an index: documents, those without a token, tokens, those with captions."""

    documents: int
    empty: int
    postings: int
    captioned: int
    max_tokens: int


class ClusterIndex:
    """An index, which need not exist.

    Args:
        connection: to its cluster.
        name: of the index itself, no alias.
        persistence: the rule by which requests are made again.
    """

    def __init__(self, connection: Connection, name: str, persistence: Persistence) -> None:
        self.connection, self.name, self._persistence = connection, name, persistence
        self._quoted = quote(name, safe="*")
        self._path = f"/{self._quoted}"

    @property
    def address(self) -> ClusterAddress:
        """The address of the index by its own name."""
        return self.connection.address._replace(alias=self.name)

    def facts(self) -> dict[str, str] | None:
        """Return the facts of the index, {} for one that others made; None when there is none."""
        try:
            return self.all_facts()[self.name]
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    def all_facts(self) -> dict[str, dict[str, str]]:
        """Return the facts of all indexes of the name, which may be a pattern; {} as facts of what others made."""
        mappings = self._persistence.ask(lambda: self.connection.by_index(self._quoted, "mappings"))
        metas = {name: mapping.get("_meta", {}) for name, mapping in mappings.items()}
        return {
            name: {key: str(value) for key, value in meta.items()} if "format" in meta else {}
            for name, meta in metas.items()
        }

    def create(self, body: Mapping[str, Any]) -> None:
        """Create the index; ClusterError with status 400 when it is there."""
        self._ask("PUT", "", body, wait_for_active_shards=1)

    def put_facts(self, facts: Mapping[str, str]) -> None:
        """Replace the facts of the index."""
        self._ask("PUT", "/_mapping", {"_meta": dict(facts)})

    def put_settings(self, **settings: str | int | None) -> None:
        """Change settings; None sets one back to the cluster's own."""
        self._ask("PUT", "/_settings", {"index": settings})

    def settings(self) -> dict[str, Any]:
        """Return the settings of the index that differ from the cluster's own."""
        found = self._persistence.ask(lambda: self.connection.by_index(self._quoted, "settings"))
        settings: dict[str, Any] = found[self.name]["index"]
        return settings

    def refresh(self) -> None:
        """Let searches see everything that was sent.

        Raises:
            IndexingError: a shard could not.
        """
        shards = self._ask("POST", "/_refresh", patience=_REFRESH_SECONDS)["_shards"]
        if shards["failed"]:
            raise IndexingError(f"{self.name}: {shards['failed']} of {shards['total']} shards can't be refreshed")

    def counted(self) -> Counted:
        """Count what searches see."""
        aggregations = {
            "postings": {"sum": {"field": TOKENS}},
            "largest": {"max": {"field": TOKENS}},
            "empty": {"range": {"field": TOKENS, "ranges": [{"to": 1}]}},
            "captioned": {"filter": {"exists": {"field": CAPTIONS}}},
        }
        found = self.search({"size": 0, "track_total_hits": True, "aggs": aggregations})
        counts = found["aggregations"]
        return Counted(
            documents=found["hits"]["total"]["value"],
            empty=counts["empty"]["buckets"][0]["doc_count"],
            postings=int(counts["postings"]["value"]),
            captioned=counts["captioned"]["doc_count"],
            max_tokens=int(counts["largest"]["value"] or 0),
        )

    def search(self, body: Mapping[str, Any]) -> Any:
        """Search the whole index; a shard that does not answer is an error."""
        return self._ask("POST", "/_search", body, allow_partial_search_results=False)

    def bytes(self) -> int:
        """Return the bytes on disk of the primary shards."""
        stats = self._ask("GET", "/_stats/store", filter_path="_all.primaries.store.size_in_bytes")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])

    def wait_until_green(self, seconds: float) -> None:
        """Wait until every copy of every shard is there.

        Raises:
            IndexingError: one is not after so many seconds.
        """
        end = time.monotonic() + seconds
        while True:
            health = self.health()
            if health["status"] == "green":
                return
            if time.monotonic() >= end:
                raise IndexingError(
                    f"{self.name} is {health['status']} after {seconds:.0f} s: {health['unassigned_shards']} of its "
                    f"copies have no node, {health['initializing_shards']} are being made, and the cluster has "
                    f"{health['number_of_data_nodes']} nodes for data: bring more back, or push with fewer --replicas"
                )

    def health(self) -> Any:
        """Return the health of the index, green or not, after some seconds at most."""
        request = f"/_cluster/health{self._path}"
        wait: dict[str, Any] = {"wait_for_status": "green", "timeout": f"{_POLL_SECONDS}s"}
        try:
            return self.connection.request("GET", request, patience=3.0 * _POLL_SECONDS, **wait)
        except ClusterError as error:
            if error.status != 408:
                raise
        return self._persistence.ask(lambda: self.connection.request("GET", request))

    def delete(self) -> None:
        """Delete the index, if it is there."""
        self._ask("DELETE", "", ignore_unavailable=True)

    def _ask(
        self,
        method: str,
        what: str,
        body: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
        **parameters: Any,
    ) -> Any:
        path = self._path + what
        return self._persistence.ask(
            lambda: self.connection.request(method, path, body, patience=patience, **parameters)
        )
