"""The caption collection: what BM25 indexes, a folder that holds nothing but `*.jsonl` shards.

    {"id": "1000268201", "contents": "A child in a pink dress is climbing …"}

Anserini parses every file of the folder, so a file of any other kind in it is an error. It has no vectors:
the collection of encoded documents is another thing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.files import require_folder, written_file, written_folder
from lexlip_lucene.lines import read_json_lines, text_at


class CaptionDocument(NamedTuple):
    """A document of text: one line of a caption collection. `contents` may be blank."""

    id: str
    contents: str


def read_caption_collection(folder: Path) -> list[CaptionDocument]:
    """Read all shards in the order of their names.

    Raises:
        InputError: no such folder, no shard, a file that is no shard, a broken line or a duplicate id (file:line).
    """
    documents = []
    where_of: dict[str, str] = {}
    for shard in _shards(folder):
        for where, record in read_json_lines(shard, "caption collection"):
            document = CaptionDocument(text_at(record, "id", where), text_at(record, "contents", where))
            if document.id in where_of:
                raise InputError(
                    f"{where}: the id {document.id!r} must be unique, but it is also at {where_of[document.id]}"
                )
            where_of[document.id] = where
            documents.append(document)
    if not documents:
        raise InputError(f"caption collection: no document in {folder}")
    return documents


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


def _shards(folder: Path) -> Iterator[Path]:
    entries = sorted(require_folder(folder, "caption collection").iterdir())
    if not entries:
        raise InputError(f"caption collection: no *.jsonl file in {folder}")
    for entry in entries:
        if entry.suffix != ".jsonl" or not entry.is_file():
            raise InputError(f"caption collection: only *.jsonl files may be in {folder}; move away {entry.name}")
        yield entry
