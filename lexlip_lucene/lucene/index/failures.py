"""The errors for what fails in one of the bridge's building jobs."""

from collections import deque
from pathlib import Path

from lexlip_lucene.data.shards import documents_in
from lexlip_lucene.errors import IndexingError, InputError, LexlipError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.lucene.index.writer import JobFailed
from lexlip_lucene.lucene.jvm.java_paths import from_java
from lexlip_lucene.lucene.jvm.unreadable import OUT_OF_MEMORY, of_the_system, reading, said
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
    if kind == "unreadable":
        path, java, message = details
        return InputError(f"can't read {from_java(path)}: {said(java, message, path)}")
    if kind == "compressed":
        path, reason = details
        return InputError(f"collection: can't read {from_java(path)}: it is no gzip file, or damaged ({reason})")
    if kind == "changed":
        path, stated, found = details
        return InputError(
            f"{from_java(path)} is not the file that its manifest lists: SHA-256 {stated} is needed, got {found}; "
            "encode the collection again, or index it as it is with --no-verify"
        )
    if kind == "repeated" and collection is None:
        return InputError(f"ids must differ, got {details[0]!r} twice")
    if kind == "repeated" and collection is not None:
        with reading():
            deque(read_collection(collection), maxlen=0)  # names both lines
        return IndexingError(f"{collection}: document id {details[0]} stood in it twice, but no longer does")
    if kind == "present":
        return InputError(
            f"document id {details[0]} is in {index} already: take another id, or replace the document (--replace)"
        )
    if kind == "absent":
        return InputError(f"{index} has no document {details[0]!r}, so nothing is deleted: leave it out")
    java, message = details[0], " ".join(details[1:])
    remedy = ": give less --memory, or more to Java by start_jvm(heap=…)" if java == OUT_OF_MEMORY else ""
    name = "" if of_the_system(java) else f"{java.rpartition('.')[2]}: "
    return IndexingError(f"could not write the index {index}: {name}{said(java, message)}{remedy}")


def _bad_line(path: str, number: str, reason: str) -> LexlipError:
    shard = from_java(path)
    where = f"{shard}:{number}"
    values = without_gz(shard).suffix.lower() == ".json"  # of which Java gives the number, not the line
    with reading():
        for count, (place, document) in enumerate(documents_in(shard, "collection"), start=1):
            if count == int(number) if values else place == where:
                parse_line(document, place)
    return IndexingError(f"{where}: this line can't be indexed: {reason}")
