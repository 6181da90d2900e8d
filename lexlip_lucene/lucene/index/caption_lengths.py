"""The caption fields of an index that is built: how long their texts are, and that there are any."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import orjson

from lexlip_lucene.data.shards import documents_in
from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.writer import IndexWriter
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.caption_fields import CaptionFields, counted_fields


def measured_fields(
    writer: IndexWriter,
    collection: Path,
    shards: Sequence[Path],
    captions: Mapping[str, float],
    bits: str | None,
    progress: Progress,
) -> CaptionFields:
    """Return the caption fields of a collection.

    Args:
        writer: of the index, which reads the collection.
        collection: its folder, which errors name.
        shards: its files.
        captions: key → weight.
        bits: of its impacts, as its manifest says; caption fields have impacts of as many.
        progress: shows how far it is.

    Raises:
        InputError: no line has a key.
        JobFailed: a line can't be read.
    """
    found = writer.measure(shards, list(captions), progress=progress)
    for key, counted in zip(captions, found, strict=True):
        if not counted.lines:
            raise InputError(
                f"{collection}: no line has the key {key!r} that is to be a caption field; "
                f"the first line has {_keys(shards)}"
            )
    return counted_fields(captions, found, None if bits is None else int(bits))


def _keys(shards: Sequence[Path]) -> str:
    """Return the keys of the first line, which was read without an error."""
    lines = (line for shard in shards for _, line in documents_in(shard, "collection"))
    return ", ".join(key for line in islice(lines, 1) for key in orjson.loads(line)) or "none"
