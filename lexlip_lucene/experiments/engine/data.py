"""The data of the bench in its folder: a collection, two files of queries, and a file that describes them.

    data/collection/part-*.jsonl    data/queries-8.jsonl    data/queries-32.jsonl    data/data.json

`data.json` has the `request` that the data answers; the same request takes the data as it is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from lexlip_lucene.errors import OutputError
from lexlip_lucene.experiments.engine.queries import queries_path
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.collection import read_queries

FACTS_FILE = "data.json"

SCHEMA = 2
"""Version of the folder's files; data of another version is made again."""


class Source(Protocol):
    """A source of vectors."""

    def request(self) -> dict[str, Any]:
        """Return what the vectors depend on, as JSON values."""
        ...

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write `collection/` and the queries into the empty `folder`; return facts about them."""
        ...


@dataclass(frozen=True)
class BenchData:
    """Data in a folder; `facts` is the content of its file, with the `request`."""

    folder: Path
    facts: dict[str, Any]

    @property
    def collection(self) -> Path:
        """The collection's folder."""
        return self.folder / "collection"

    @property
    def documents(self) -> int:
        """Documents of the collection."""
        return int(self.facts["shape"]["documents"])

    @property
    def postings(self) -> int:
        """Postings of the collection."""
        return int(self.facts["shape"]["postings"])

    def queries(self, terms: int) -> dict[str, Impacts]:
        """Return the queries of `terms` terms, qid → token → weight."""
        return {query.id: query.vector for query in read_queries(queries_path(self.folder, terms))}


def prepared(source: Source, folder: Path, *, force: bool, progress: Progress) -> BenchData:
    """Return the data that `source` makes, from `folder` if it has them already.

    Raises:
        OutputError: `folder` holds the data of another request and `force` is off, or something else.
    """
    request = source.request() | {"schema_version": SCHEMA}
    facts = _facts_of(folder)
    if facts is not None and facts["request"] == request:
        progress.note(f"vectors taken from {folder}")
        return BenchData(folder, facts)
    if facts is not None and not force:
        raise OutputError(
            f"{folder} holds the vectors of {facts['request']}, not of {request}: choose another output folder, or "
            "replace them with --force"
        )
    if facts is None and folder.exists():
        raise OutputError(f"{folder} is there and is no data of bench-engine: choose another output folder")
    with written_folder(folder, force=force) as partial:
        facts = {"request": request, **source.write(partial, progress)}
        (partial / FACTS_FILE).write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    return BenchData(folder, facts)


def _facts_of(folder: Path) -> dict[str, Any] | None:
    path = folder / FACTS_FILE
    return dict(orjson.loads(path.read_bytes())) if path.is_file() else None
