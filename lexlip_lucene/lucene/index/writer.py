"""The bridge's building half from Python: an index open for writing, and its long jobs in Java's own threads.

Java (`lexlip.build.Builds`) does the work and words no messages: a job that fails says which of a few things went
wrong, as `JobFailed`, and the code that started it knows what its caller calls these things.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from lexlip_lucene.errors import IndexingError, InputError
from lexlip_lucene.lucene.index.counts import Counts
from lexlip_lucene.lucene.index.options import WriteOptions
from lexlip_lucene.lucene.jvm.english_terms import english_analyzer
from lexlip_lucene.lucene.jvm.java_entry import ENTRY
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.lucene.jvm.jvm import JavaObject, StaticMethods, java_errors_as, reason_of, start_jvm
from lexlip_lucene.lucene.jvm.unreadable import LOCKED, reading
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.caption_fields import CaptionField, CaptionFields, CaptionTexts

_POLL_MILLISECONDS = 50
"""The longest time that Ctrl-C waits before Python sees it."""

_MEGABYTE = 1 << 20


class JobFailed(Exception):
    """A job ended early.

    `kind` and `details` are those of the Java class BuildError, or `java` and an exception's class and message.
    """

    def __init__(self, kind: str, *details: str) -> None:
        super().__init__(kind, *details)
        self.kind = kind
        self.details = details


class Added(NamedTuple):
    """The outcome of an input: what was read, what of it is in the index, and how many documents it replaced.

    `seconds` are those of reading and parsing, of sorting into lists, and of writing. `zeros` is how many weights of 0
    were passed over. `vectors` is what was read without the terms of caption fields.
    """

    read: Counts
    written: Counts
    replaced: int
    seconds: tuple[float, float, float]
    zeros: int
    vectors: tuple[int, int, int]


class Packed(NamedTuple):
    """Texts as Java takes them: all their UTF-8, and their lengths in bytes as little-endian int32."""

    texts: bytes
    lengths: bytes


def packed(texts: Iterable[str]) -> Packed:
    """Pack `texts`; UnicodeEncodeError for half a surrogate pair."""
    encoded = [text.encode() for text in texts]
    return Packed(b"".join(encoded), struct.pack(f"<{len(encoded)}i", *map(len, encoded)))


class IndexWriter:
    """A Lucene index that is open for writing: ends with `commit` or with `rollback`.

    Raises:
        InputError: no such index.
        IndexingError: another writer has it, or it can't be opened.
    """

    def __init__(self, folder: Path, *, create: bool, options: WriteOptions) -> None:
        start_jvm()
        from jnius import JavaException

        self._java = StaticMethods("lexlip.build.Builds")
        self._job: JavaObject = None
        path, memory = to_java(folder.absolute()), options.memory * _MEGABYTE
        kept = (*packed(options.store), *packed(options.keywords))
        try:
            self._session = self._java.open(path, create, *kept, options.threads, memory, options.order)
        except JavaException as error:
            if error.classname == LOCKED:
                raise IndexingError(f"{folder} is being written already: wait until the other writer ends") from error
            _require_writable(folder)
            raise IndexingError(f"{folder} can't be opened for writing: {reason_of(error)}") from error
        except UnicodeEncodeError as error:
            raise InputError(f"{error.object!r} is not valid Unicode: leave it out") from error

    def read(self, shards: Mapping[Path, str], captions: CaptionFields, *, replace: bool, progress: Progress) -> Added:
        """Add the documents of `shards` (path → SHA-256 to compare, or ""), in their order, with these captions."""
        source, fields = self._source(shards), self._captions(captions)
        self._job = self._java.startReading(self._session, source, fields, replace)
        self._watch(source, shards, "indexing (MB of JSON)", progress)
        return _added(self._result())

    def measure(self, shards: Iterable[Path], keys: Sequence[str], *, progress: Progress) -> list[CaptionTexts]:
        """Count the texts of each of the caption fields `keys` in `shards`."""
        source = self._source(dict.fromkeys(shards, ""))
        fields = self._captions(CaptionFields(tuple(CaptionField(key, 1, 1) for key in keys)))
        self._job = self._java.startMeasuring(self._session, source, fields)
        self._watch(source, shards, "reading captions (MB of JSON)", progress)
        found = self._result()
        return [CaptionTexts(*(found[f"{name}.{key}"] for name in CaptionTexts._fields)) for key in range(len(keys))]

    def rows(self, tokens: Packed, *, replace: bool) -> JavaObject:
        """Begin to add rows whose columns are `tokens`."""
        return self._java.rows(self._session, *tokens, replace)

    def add_rows(self, rows: JavaObject, ids: Packed, sizes: bytes, columns: bytes, impacts: bytes) -> None:
        """Add rows: their ids, their numbers of entries, then column and impact of each entry, all int32."""
        self._wait(self._java.startRows(rows, *ids, sizes, columns, impacts))

    def end_rows(self, rows: JavaObject) -> Added:
        """End adding rows."""
        return _added(self._wait(self._java.startEnd(rows)))

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id, each named once; return how many."""
        return self._wait(self._java.startDelete(self._session, *packed(ids)))["deleted"]

    def merge(self) -> None:
        """Merge to one segment."""
        self._wait(self._java.startMerge(self._session))

    def merge_small(self) -> bool:
        """Merge segments of like size where there are too many; return False when there are not."""
        return bool(self._wait(self._java.startMergeSmall(self._session))["merged"])

    def count(self) -> tuple[Counts, int]:
        """Count what is not deleted, and the segments."""
        result = self._wait(self._java.startCount(self._session))
        return _counts(result, ""), result["segments"]

    def commit(self, facts: dict[str, str]) -> int:
        """Make everything last, with these facts, and close the index; return its number of segments."""
        texts = [text for pair in facts.items() for text in pair]
        return self._wait(self._java.startCommit(self._session, *packed(texts)))["segments"]

    def rollback(self) -> None:
        """Drop everything since the index was opened, and close it; a job that runs is stopped first.

        In a forked process the index is not open, so nothing happens.
        """
        if ENTRY.forked():
            return
        self._java.stop(self._session)
        while self._job is not None and not self._finished():
            pass
        with java_errors_as(IndexingError, "could not roll back"):
            self._java.rollback(self._session)

    def __del__(self) -> None:
        ENTRY.let_go()

    def _source(self, shards: Mapping[Path, str]) -> JavaObject:
        with java_errors_as(IndexingError, "can't read the shards"):
            return self._java.shards(*packed(map(to_java, shards)), *packed(shards.values()))

    def _captions(self, captions: CaptionFields) -> JavaObject:
        keys = packed(field.key for field in captions.fields)
        means = packed(repr(field.mean_terms) for field in captions.fields)
        return self._java.captions(english_analyzer(), *keys, *means, captions.peak)

    def _watch(self, source: JavaObject, shards: Iterable[Path], what: str, progress: Progress) -> None:
        with reading():
            total = sum(shard.stat().st_size for shard in shards) // _MEGABYTE
        for _ in progress.track(self._megabytes(source, total), what, total):
            pass

    def _megabytes(self, source: JavaObject, total: int) -> Iterator[None]:
        done = 0
        finished = False
        while not finished:
            finished = self._finished()
            read = total if finished else min(total, self._java.bytesRead(source) // _MEGABYTE)
            for _ in range(done, read):
                yield
            done = read

    def _wait(self, job: JavaObject) -> dict[str, int]:
        self._job = job
        while not self._finished():
            pass
        return self._result()

    def _finished(self) -> bool:
        return bool(self._java.finished(self._job, _POLL_MILLISECONDS))

    def _result(self) -> dict[str, int]:
        error = self._java.error(self._job)
        if error is not None:
            raise JobFailed(*error.decode().split("\0"))
        pairs = (line.split("=") for line in self._java.result(self._job).splitlines())
        return {name: int(number) for name, number in pairs}


@contextmanager
def open_writer(folder: Path, options: WriteOptions, *, create: bool) -> Iterator[IndexWriter]:
    """Give a writer, and roll it back when the block raises; the block itself commits."""
    writer = IndexWriter(folder, create=create, options=options)
    try:
        yield writer
    except BaseException:
        writer.rollback()
        raise


def _require_writable(folder: Path) -> None:
    """Raise IndexingError when nothing can be written into `folder`: Lucene says then that it lacks its lock file."""
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise IndexingError(f"{folder} can't be opened for writing: {error.strerror or error}: {folder}") from error


def _added(result: Mapping[str, int]) -> Added:
    reading, sorting, writing = (result[f"{name}_ms"] / 1000 for name in ("reading", "inverting", "writing"))
    read, written = _counts(result, "read."), _counts(result, "written.")
    vectors = (
        read.documents,
        read.empty + result["captions_only"],
        read.postings - result["caption_postings"],
    )
    return Added(read, written, result["replaced"], (reading, sorting, writing), result["zeros"], vectors)


def _counts(result: Mapping[str, int], prefix: str) -> Counts:
    return Counts(**{name: result[prefix + name] for name in Counts._fields})
