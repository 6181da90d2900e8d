"""The caption collection: what BM25 indexes, a folder that holds nothing but shards (`shards.py`); ours are `*.jsonl`.

    {"id": "1000268201", "contents": "A child in a pink dress is climbing …"}

It has no vectors: the collection of encoded documents is another thing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.data.shards import documents_in, find_shards
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import json_object, text_at
from lexlip_lucene.files.written import written_file, written_folder


class CaptionDocument(NamedTuple):
    """A document of text: one line of a caption collection. `contents` may be blank."""

    id: str
    contents: str


def read_caption_collection(folder: Path) -> list[CaptionDocument]:
    """Read all shards in the order of their names.

    Raises:
        InputError: no such folder, no shard, a file that is not a shard, a broken line or a duplicate id (file:line).
    """
    documents = []
    where_of: dict[str, str] = {}
    for shard in find_shards(folder, "caption collection").paths:
        for where, line in documents_in(shard, "caption collection"):
            document = _document(json_object(line, where, "caption collection"), where)
            if document.id in where_of:
                raise InputError(
                    f"{where}: the id {document.id!r} must be unique, but it is also at {where_of[document.id]}"
                )
            where_of[document.id] = where
            documents.append(document)
    if not documents:
        raise InputError(f"caption collection: no document in {folder}")
    return documents


def _document(record: dict[str, Any], where: str) -> CaptionDocument:
    if type(record.get("id")) is int:
        record["id"] = str(record["id"])  # as Anserini takes it
    return CaptionDocument(text_at(record, "id", where), text_at(record, "contents", where))


def write_caption_collection(
    folder: Path, documents: Sequence[CaptionDocument], *, shards: int = 1, force: bool = False
) -> None:
    """Write the documents as `captions.jsonl`, or as so many shards of like size, which Anserini's threads share out.

    Raises:
        OutputError: `folder` exists and `force` is off.
    """
    with written_folder(folder, force=force) as partial:
        size = -(-max(len(documents), 1) // shards)
        for number in range(shards):
            name = "captions.jsonl" if shards == 1 else f"captions-{number:03d}.jsonl"
            with written_file(partial / name) as file:
                for document in documents[number * size : (number + 1) * size]:
                    file.write(orjson.dumps(document._asdict()) + b"\n")
