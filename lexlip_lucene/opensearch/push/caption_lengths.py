"""The caption fields of a collection that is to be pushed: how long their texts are, and that there are any."""

from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.data.shards import documents_in, find_shards, first_keys
from lexlip_lucene.opensearch.english_terms import EnglishTerms
from lexlip_lucene.opensearch.push.caption_tokens import CaptionTokens
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.caption_fields import CaptionField, CaptionFields, counted_fields
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
    measure = CaptionTokens(CaptionFields(tuple(CaptionField(key, 1, 1) for key in captions)), terms)
    lines = DocumentLines(tokens=measure)
    places = (place for shard in shards for place in documents_in(shard, "collection"))
    total = None if manifest is None else manifest.documents
    for _ in progress.track(lines.lines(places), "reading captions", total):
        pass
    bits = None if manifest is None else manifest.bits
    return counted_fields(collection, captions, measure.counted, bits, lambda: first_keys(shards))
