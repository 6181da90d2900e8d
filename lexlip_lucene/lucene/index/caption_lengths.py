"""The caption fields of an index that is built: how long their texts are, and that there are any."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lexlip_lucene.data.shards import first_keys
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
    return counted_fields(collection, captions, found, None if bits is None else int(bits), lambda: first_keys(shards))
