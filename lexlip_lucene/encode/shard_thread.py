"""The thread beside the model: it turns the device's results into JSON lines, and writes a shard when it is whole.

Batches come in order. A few may wait, so that the device is never idle; more would only take memory.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.encode.result import DoneShard, Result
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.late.store_changes import Patches
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.json_vector import format_line
from lexlip_lucene.vectors.manifest import Rejected

WAITING = 3


class EncodedBatch(NamedTuple):
    """A batch as the model left it.

    Attributes:
        shard: the shard of its inputs.
        last: True if it ends the shard.
        inputs: the number of inputs that it was made of: documents and rejected ones.
        names: id and contents of each document.
        keys: further keys of each document; none at all for queries and texts.
        vectors: gives their vectors; it may wait for the device.
        rejected: the inputs that gave no document.
        patches: gives the patch vectors of each document, in the same way; None if none are kept.
        positions: gives the places of their tokens, in the same way; None without positions, or without a document.
    """

    shard: PlannedShard
    last: bool
    inputs: int
    names: Sequence[tuple[str, str]]
    vectors: Callable[[], Sequence[Impacts]]
    rejected: Sequence[Rejected] = ()
    positions: Callable[[], Sequence[str]] | None = None
    keys: Sequence[Mapping[str, Any]] | None = None
    patches: Callable[[], Sequence[NDArray[np.float32]]] | None = None


class ShardThread:
    """A writer of batches to `unfinished`; a context, at whose end all of them are written."""

    def __init__(self, unfinished: Result) -> None:
        self._unfinished = unfinished
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self._lines: list[bytes] = []
        self._rejected: list[Rejected] = []
        self._patches: list[Patches] = []
        self._inputs = self._empty = self._postings = 0
        self._failed = False

    def __enter__(self) -> "ShardThread":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while error is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def put(self, batch: EncodedBatch) -> None:
        """Hand a batch over; an error of an earlier one is raised here."""
        self._waiting.append(self._thread.submit(self._add, batch))
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def _add(self, batch: EncodedBatch) -> None:
        if self._failed:
            return  # a shard after one that failed would get the lines of both
        self._failed = True
        self._take(batch)
        self._failed = False

    def _take(self, batch: EncodedBatch) -> None:
        vectors = batch.vectors()
        positions = [None] * len(vectors) if batch.positions is None else batch.positions()
        keys = [None] * len(vectors) if batch.keys is None else batch.keys
        for (docid, contents), vector, places, more in zip(batch.names, vectors, positions, keys, strict=True):
            self._lines.append(format_line(Document(docid, contents, vector), places, more))
            self._empty += not vector
            self._postings += len(vector)
        self._inputs += batch.inputs
        self._rejected += batch.rejected
        if batch.patches is not None:
            self._patches += zip((docid for docid, _ in batch.names), batch.patches(), strict=True)
        if batch.last:
            self._close(batch.shard)

    def _close(self, shard: PlannedShard) -> None:
        content = hashlib.sha256()
        for line in self._lines:
            content.update(line)
        done = DoneShard(
            inputs=self._inputs,
            documents=len(self._lines),
            empty=self._empty,
            postings=self._postings,
            bytes=sum(map(len, self._lines)),
            sha256=content.hexdigest(),
            rejected=self._rejected,
        )
        self._unfinished.keep(shard, self._lines, done, self._patches)
        self._lines, self._rejected, self._patches = [], [], []
        self._inputs = self._empty = self._postings = 0
