"""A collection: a folder that holds nothing but `*.jsonl` shards of JsonVectorCollection lines.

Anserini parses every file below the folder it is given, so the manifest stands beside the folder, never inside,
and a stray file is refused here. Anserini indexes one shard per thread; the shard size decides how many cores a
stock build can use.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files import require_file, require_folder, sha256_of, written_file
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import format_line, parse_line

SHARD_DOCUMENTS = 10_000
"""Documents in a shard: small enough that 100,000 images keep 10 threads busy, large enough to be few files."""


class Shard(NamedTuple):
    """One written shard."""

    name: str
    documents: int
    sha256: str


class Counts(NamedTuple):
    """What was written: `documents` includes the `empty` ones; `postings` is the number of (token, document) pairs."""

    documents: int
    empty: int
    postings: int


def shards_of(collection: Path) -> list[Path]:
    """Return the shard files of a collection folder, by name.

    Raises:
        InputError: no such folder, no shard in it, or anything in it that is not a shard.
    """
    require_folder(collection, "collection")
    entries = sorted(collection.iterdir())
    for entry in entries:
        if entry.suffix != ".jsonl" or not entry.is_file():
            raise InputError(
                f"{entry}: a collection folder holds nothing but *.jsonl shards, because Anserini parses every file "
                "in it: move this one out"
            )
    if not entries:
        raise InputError(f"{collection}: no *.jsonl shard in this folder, so there is nothing to index")
    return entries


def read_collection(collection: Path) -> Iterator[Document]:
    """Yield the documents of a collection, every line checked.

    Raises:
        InputError: names file:line; also for an id that occurs twice.
    """
    seen: dict[str, str] = {}
    for shard in shards_of(collection):
        for where, document in _numbered_lines(shard):
            if document.id in seen:
                raise InputError(f"{where}: document id {document.id} stands already in {seen[document.id]}")
            seen[document.id] = where
            yield document


def read_queries(path: Path) -> list[Document]:
    """Return the encoded queries of a `.jsonl` file, in its order.

    Raises:
        InputError: names file:line; also for an id that occurs twice and for a file without queries.
    """
    queries: dict[str, Document] = {}
    for where, query in _numbered_lines(require_file(path, "encoded queries")):
        if query.id in queries:
            raise InputError(f"{where}: query id {query.id} occurs twice")
        queries[query.id] = query
    if not queries:
        raise InputError(f"{path}: no encoded query in this file")
    return list(queries.values())


def write_shards(folder: Path, documents: Iterable[Document]) -> tuple[list[Shard], Counts]:
    """Write `documents` as shards into the empty `folder`.

    Raises:
        OutputError: an id occurs twice.
    """
    shards: list[Shard] = []
    seen: set[str] = set()
    empty = postings = 0
    stream = iter(documents)
    waiting = next(stream, None)
    while waiting is not None:
        path = folder / f"part-{len(shards):05d}.jsonl"
        written = 0
        with path.open("wb") as file:
            while waiting is not None and written < SHARD_DOCUMENTS:
                if waiting.id in seen:
                    raise OutputError(f"document id {waiting.id} occurs twice; ids in a collection must differ")
                seen.add(waiting.id)
                file.write(format_line(waiting))
                written, empty = written + 1, empty + (not waiting.vector)
                postings += len(waiting.vector)
                waiting = next(stream, None)
        shards.append(Shard(path.name, written, sha256_of(path)))
    return shards, Counts(len(seen), empty, postings)


def write_queries(path: Path, queries: Iterable[Document], *, force: bool = False) -> Counts:
    """Write encoded queries, one a line, and count them."""
    documents = empty = postings = 0
    with written_file(path, force=force) as file:
        for query in queries:
            file.write(format_line(query))
            documents, empty = documents + 1, empty + (not query.vector)
            postings += len(query.vector)
    return Counts(documents, empty, postings)


def _numbered_lines(path: Path) -> Iterator[tuple[str, Document]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}:{number}"
            yield where, parse_line(line, where)
