"""The caption fields of a collection that is to be pushed: how long their texts are, and that there are any."""

from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.data.shards import documents_in, find_shards
from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.english_terms import EnglishTerms
from lexlip_lucene.opensearch.push.caption_tokens import ahead, caption_text
from lexlip_lucene.opensearch.push.written_values import written_values
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.caption_fields import CaptionFields, CaptionTexts, counted_fields
from lexlip_lucene.vectors.json_vector import parse_line
from lexlip_lucene.vectors.manifest import read_manifest


def measured_fields(
    collection: Path, captions: Mapping[str, float], terms: EnglishTerms, progress: Progress
) -> CaptionFields:
    """Return the caption fields of a collection.

    Args:
        collection: folder of shards.
        captions: key → weight, as `checked_captions` returned them.
        terms: analyses texts.
        progress: what shows how far it is.

    Raises:
        InputError: a line can't be read (file:line), or no line has a key.
        ClusterError: the cluster can't be reached.
    """
    manifest = read_manifest(collection)
    shards, _ = find_shards(collection)
    counts = dict.fromkeys(captions, CaptionTexts(0, 0, 0))
    first: list[str] = []
    places = (place for shard in shards for place in documents_in(shard, "collection"))
    total = None if manifest is None else manifest.documents
    for where, line in progress.track(ahead(places, list(captions), terms), "reading captions", total):
        what = f"{where}: document {parse_line(line, where).id}"
        values = written_values(line)
        first = first or list(values)
        for key, counted in counts.items():
            text = caption_text(values, key, what)
            if text is not None:
                counts[key] = counted.plus(len(terms.of_text(text)))
    for key, counted in counts.items():
        if not counted.lines:
            raise InputError(
                f"{collection}: no line has the key {key!r} that is to be a caption field; the first line has "
                f"{', '.join(first) or 'none'}"
            )
    return counted_fields(captions, list(counts.values()), None if manifest is None else manifest.bits)
