"""What to say when one of the bridge's building jobs fails."""

from collections import deque
from pathlib import Path

from lexlip_lucene.errors import IndexingError, InputError, LexlipError
from lexlip_lucene.lucene.index_writer import JobFailed
from lexlip_lucene.lucene.java_paths import from_java
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.json_vector import parse_line


def failure(failed: JobFailed, index: Path, collection: Path | None) -> LexlipError:
    """Return the error to raise for a job on `index`, which read `collection` or was given ids.

    Raises:
        InputError: right away, where the error is found by reading `collection` again.
    """
    kind, details = failed.kind, failed.details
    if kind == "line":
        return _bad_line(*details)
    if kind == "repeated" and collection is None:
        return InputError(f"ids must differ, got {details[0]!r} twice")
    if kind == "repeated" and collection is not None:
        deque(read_collection(collection), maxlen=0)  # names both lines
        return IndexingError(f"{collection}: document id {details[0]} stood in it twice, but no longer does")
    if kind == "present":
        return InputError(
            f"document id {details[0]} is in {index} already: take another id, or replace the document (--replace)"
        )
    if kind == "absent":
        return InputError(f"{index} has no document {details[0]!r}, so nothing is deleted: leave it out")
    remedy = ""
    if "OutOfMemoryError" in details[0]:
        remedy = ": give less --memory, or more to Java by start_jvm(heap=…)"
    return IndexingError(f"could not write the index {index}: {' '.join(details).removeprefix('java.io.')}{remedy}")


def _bad_line(path: str, number: str, reason: str) -> LexlipError:
    shard = from_java(path)
    where = f"{shard}:{number}"
    with shard.open("rb") as file:
        for count, line in enumerate(file, start=1):
            if count == int(number):
                parse_line(line, where)
    return IndexingError(f"{where}: this line can't be indexed: {reason}")
