"""A collection: a folder that holds nothing but shards of JsonVectorCollection documents.

Ours are `*.jsonl`; what else is read is said in `data/shards.py`. Anserini parses every file below the folder it is
given, so the manifest is beside the folder, never inside, and a stray file is refused here. Anserini indexes one
shard per thread; the shard size decides how many cores a stock build can use.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.shards import documents_in, find_shards
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.files.lines import read_lines
from lexlip_lucene.files.written import sha256_of, written_file
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import checked_impacts, format_line, parse_line

SHARD_DOCUMENTS = 10_000
"""Documents in a shard: small enough that 100,000 images keep 10 threads busy, large enough to be few files."""


class Shard(NamedTuple):
    """One written shard."""

    name: str
    documents: int
    sha256: str


class Counts(NamedTuple):
    """The counts of a collection: `documents` includes the `empty` ones, `postings` are (token, document) pairs."""

    documents: int
    empty: int
    postings: int


def shards_of(collection: Path) -> list[Path]:
    """Return the shard files of a collection folder, by name; errors as in `find_shards`."""
    return find_shards(collection).paths


def read_collection(collection: Path) -> Iterator[Document]:
    """Yield the documents of a collection, every line checked.

    Raises:
        InputError: names file:line; also for an id that occurs twice.
    """
    seen: dict[str, str] = {}
    for shard in shards_of(collection):
        for where, line in documents_in(shard, "collection"):
            document = parse_line(line, where)
            if document.id in seen:
                raise InputError(f"{where}: document id {document.id} stands already in {seen[document.id]}")
            seen[document.id] = where
            yield document


def read_queries(path: Path) -> list[Document]:
    """Return the encoded queries of a file, in its order.

    The file has lines of JSON as a collection has, or is Pyserini's `qid TAB tokens`, where a token is repeated as
    often as its weight says.

    Raises:
        InputError: names file:line; also for an id that occurs twice and for a file without queries.
    """
    queries: dict[str, Document] = {}
    for where, query in _queries(path):
        if query.id in queries:
            raise InputError(f"{where}: query id {query.id} occurs twice")
        queries[query.id] = query
    if not queries:
        raise InputError(f"{path}: no encoded query in this file")
    return list(queries.values())


def _queries(path: Path) -> Iterator[tuple[str, Document]]:
    if without_gz(path).suffix.lower() == ".tsv":
        for where, line in read_lines(path, "encoded queries"):
            yield where, _repeated_tokens(line, where)
    else:
        for where, document in documents_in(path, "encoded queries"):
            yield where, parse_line(document, where)


def _repeated_tokens(line: str, where: str) -> Document:
    qid, tab, tokens = line.partition("\t")
    if not tab or not qid or "\t" in tokens:
        raise InputError(f"{where}: an encoded query is 'qid TAB tokens', two columns, got {line[:80]!r}")
    weights = Counter(token for token in tokens.split(" ") if token)
    return Document(qid, qid, checked_impacts(dict(weights), f"{where}: query {qid}"))


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
