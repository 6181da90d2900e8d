"""Many searches in one request, of which each one's answer is whole or an error: never hits of some shards only.

A shard that is lost, too slow or busy would otherwise leave its hits out without a word. A search that a dying node
broke is asked again, since another copy of the shard answers it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import orjson

from lexlip_lucene.errors import ClusterError, SearchError
from lexlip_lucene.opensearch.connection import Connection, innermost

Answer = TypeVar("Answer")

SearchType = Literal["query_then_fetch", "dfs_query_then_fetch"]
"""The second asks all shards for their counts first, so that idf is of the whole index."""

_ANSWER = "responses.aggregations," + ",".join(
    f"responses.{part}"
    for part in ("error", "status", "timed_out", "_shards", "hits.total", "hits.hits.sort", "hits.hits._source")
)

PAUSES = (0.2, 0.8)
"""Seconds before a search is asked again that the cluster was too busy for, or that a node broke."""

_TOO_MANY_TERMS = "maxClauseCount"
_RAISE_TERMS = (
    "indices.query.bool.max_clause_count of the cluster is the most terms of a query: raise it there, or search with "
    "fewer"
)


def multi_search(
    connection: Connection, index: str, bodies: Sequence[Mapping[str, Any]], how: SearchType = "query_then_fetch"
) -> list[dict[str, Any]]:
    """Return the answer to each of `bodies`, in their order.

    Args:
        connection: to the cluster.
        index: percent-encoded name.
        bodies: of `_search`.
        how: one of the ways to search.

    Raises:
        ClusterError: a search is refused, or a shard does not answer, also when it is asked again.
    """
    return asked_again(lambda: _once(connection, index, bodies, how))


def asked_again(ask: Callable[[], Answer]) -> Answer:
    """Return the answer of `ask`, which is called again if the cluster was too busy or a node broke.

    Raises:
        ClusterError: it still was or did, or anything else was wrong.
    """
    for pause in PAUSES:
        try:
            return ask()
        except ClusterError as error:
            if error.status is None or (error.status != 429 and error.status < 500):
                raise
        time.sleep(pause)
    return ask()


def _once(
    connection: Connection, index: str, bodies: Sequence[Mapping[str, Any]], how: SearchType
) -> list[dict[str, Any]]:
    header = orjson.dumps({"allow_partial_search_results": False, "search_type": how}).decode()
    lines = "".join(f"{header}\n{orjson.dumps(body).decode()}\n" for body in bodies)
    answer = connection.request("POST", f"/{index}/_msearch", lines=lines, filter_path=_ANSWER)
    found: list[dict[str, Any]] = answer.get("responses", []) if isinstance(answer, dict) else []
    if len(found) != len(bodies):
        raise SearchError(
            f"{connection.address}: {len(bodies)} searches were asked for, and {len(found)} answered: is it OpenSearch?"
        )
    for one in found:
        _require_whole(connection, one)
    return found


def _require_whole(connection: Connection, answer: Mapping[str, Any]) -> None:
    if "error" in answer:
        raise _refusal(connection, answer["error"], answer.get("status"))
    shards = answer.get("_shards", {})
    if answer.get("timed_out") or shards.get("failed") or shards.get("successful") != shards.get("total"):
        raise ClusterError(
            f"{connection.address}: {shards.get('successful')} of {shards.get('total')} shards answered, and hits of "
            "the others would be missing: look at the cluster's health, or load with --replicas",
            503,
        )


def _refusal(connection: Connection, error: Any, status: int | None) -> ClusterError:
    reason = innermost(error)
    if _TOO_MANY_TERMS in str(error):
        reason = f"{reason}: {_RAISE_TERMS}"
    elif status == 503:
        reason = f"{reason}: a shard is lost, so the answer would lack its hits; look at the cluster's health"
    return ClusterError(f"{connection.address} answers {status}: {reason}", status)
