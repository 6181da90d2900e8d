"""The shards of a collection on their way into the cluster, some requests at a time, acknowledged in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from lexlip_lucene.data.shards import documents_in
from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.daemon_threads import begin
from lexlip_lucene.opensearch.push.bulk import Batch, Entry, send
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.survey import Content

REQUESTS = 2
"""Requests at a time: one is on its way while the cluster works at the other."""


def entries_of(shards: Mapping[Path, Content], lines: DocumentLines, first: int = 0) -> Iterator[tuple[int, Entry]]:
    """Yield the entries of shards number `first` and on, each with the number of its shard.

    Raises:
        InputError: a shard has changed since it was checked.
    """
    for number, (path, wanted) in enumerate(islice(shards.items(), first, None), start=first):
        content = Content()
        for line in lines.lines(documents_in(path, "collection")):
            content = content.plus(line)
            yield number, lines.entry(line)
        if content != wanted:
            raise InputError(
                f"{path} has changed while it was pushed: push the collection again once it stays as it is"
            )


def send_all(
    connection: Connection,
    target: str,
    waiting: Iterable[Batch],
    persistence: Persistence,
    acknowledged: Callable[[int], None],
) -> None:
    """Send batches, and tell `acknowledged` how many shards the cluster has whole; errors as in `bulk.send`."""
    name = quote(target, safe="")
    persistence = Persistence(persistence.patience)  # stopped with this load
    under_way: deque[tuple[Batch, Future[None]]] = deque()
    try:
        for batch in waiting:  # the next one is made while others are under way
            if len(under_way) == REQUESTS:
                _settle(under_way, acknowledged)
            under_way.append((batch, begin(partial(send, connection, name, batch.entries, persistence))))
        while under_way:
            _settle(under_way, acknowledged)
    except BaseException as error:
        persistence.stop()
        if isinstance(error, Exception):  # but Ctrl-C waits for no answer
            wait(sent for _, sent in under_way)
        raise


def _settle(under_way: deque[tuple[Batch, Future[None]]], acknowledged: Callable[[int], None]) -> None:
    batch, sent = under_way.popleft()
    sent.result()
    acknowledged(batch.shards)
