"""Documents on their way into the cluster: `_bulk` requests, of which every document's own outcome counts.

A document's `_id` is its docid, so one that is sent again after a lost answer takes its own place.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.errors import ClusterError, IndexingError
from lexlip_lucene.opensearch.connection import Connection, innermost
from lexlip_lucene.opensearch.push.persistence import BUSY, Persistence

_BATCH_LETTERS = 2 << 20
_BATCH_ENTRIES = 2_000
_FOR_A_SHARD = "20s"
"""Time that the cluster itself waits for a shard that is away, before it says 503."""

_ANSWER_SECONDS = 180.0
_ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason"


class Entry(NamedTuple):
    """A document to be indexed, or to be deleted.

    Attributes:
        docid: its id.
        where: of what it was read from, for messages.
        lines: of the `_bulk` request, each with its line feed.
    """

    docid: str
    where: str
    lines: str


class Batch(NamedTuple):
    """Entries of one request; the first `shards` shards of the collection end in it or before."""

    entries: list[Entry]
    shards: int


def indexed(docid: str, where: str, source: dict[str, Any]) -> Entry:
    """Return the entry that puts a document in, in the place of the one with its id, if there is one."""
    action = orjson.dumps({"index": {"_id": docid}}, option=orjson.OPT_APPEND_NEWLINE)
    return Entry(docid, where, (action + orjson.dumps(source, option=orjson.OPT_APPEND_NEWLINE)).decode())


def deleted(docid: str, where: str) -> Entry:
    """Return the entry that deletes a document."""
    return Entry(docid, where, orjson.dumps({"delete": {"_id": docid}}, option=orjson.OPT_APPEND_NEWLINE).decode())


def batches(entries: Iterable[tuple[int, Entry]], shards: int) -> Iterator[Batch]:
    """Yield entries as batches of some megabytes.

    Args:
        entries: in the order of their shards, each with the number of its shard, from 0.
        shards: of the whole collection; the last batch, which may be empty, says that all have ended.
    """
    waiting: list[Entry] = []
    letters = 0
    for shard, entry in entries:
        waiting.append(entry)
        letters += len(entry.lines)
        if letters >= _BATCH_LETTERS or len(waiting) >= _BATCH_ENTRIES:
            yield Batch(waiting, shard)
            waiting, letters = [], 0
    yield Batch(waiting, shards)


def send(connection: Connection, target: str, entries: Sequence[Entry], persistence: Persistence) -> None:
    """Send entries until the cluster has acknowledged each of them.

    Args:
        connection: to the cluster.
        target: an alias, percent-encoded; where it is gone, nothing is created in its name.
        entries: to be sent.
        persistence: the rule by which those are sent again that the cluster was too busy for.

    Raises:
        IndexingError: the cluster refuses a document; names docid and file:line.
        ClusterError: it can't be reached, or is too busy, for too long.
    """
    waits = persistence.waits()
    waiting = list(entries)
    while waiting:
        failure: ClusterError | None = None
        try:
            left = _left(_outcomes(connection, target, waiting), waiting)
            if len(left) < len(waiting):
                waits.succeeded()
            if left:
                busy, reason = left[0]
                failure = ClusterError(f"{connection.address}: {busy.docid} is not taken: {reason}", 503)
            waiting = [entry for entry, _ in left]
        except ClusterError as error:
            if error.status is not None and error.status not in BUSY:
                raise
            failure = error
        if failure is not None and not waits.wait():
            raise failure


def _outcomes(connection: Connection, target: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    answer = connection.request(
        "POST",
        f"/{target}/_bulk",
        lines="".join(entry.lines for entry in entries),
        patience=_ANSWER_SECONDS,
        require_alias=True,
        timeout=_FOR_A_SHARD,
        filter_path=_ANSWER,
    )
    items = answer.get("items", ()) if isinstance(answer, dict) else ()
    if len(items) != len(entries):
        raise ClusterError(
            f"{connection.address}: {len(entries)} outcomes are needed, got {len(items)}: is it a proxy?"
        )
    return [next(iter(item.values())) for item in items]


def _left(outcomes: Sequence[dict[str, Any]], entries: Sequence[Entry]) -> list[tuple[Entry, str]]:
    """Return the entries to be sent again, with the reason."""
    left = []
    for outcome, entry in zip(outcomes, entries, strict=True):
        status, error = outcome["status"], outcome.get("error")
        if error is None and (status < 300 or status == 404):  # 404: what was to be deleted is gone already
            continue
        reason = f"{innermost(error)} ({error['type']})" if error else f"status {status}"
        if status not in BUSY:
            raise IndexingError(f"{entry.where}: document {entry.docid} is refused by the cluster: {reason}")
        left.append((entry, reason))
    return left
