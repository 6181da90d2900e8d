"""The options of an index in a cluster, checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.integers import as_count
from lexlip_lucene.opensearch.impact_text import DELIMITER
from lexlip_lucene.opensearch.mapping import TERM_FREQUENCIES, checked_keys
from lexlip_lucene.opensearch.rank_features import RankFeatures
from lexlip_lucene.search.caption_fields import checked_captions
from lexlip_lucene.text_list import as_texts

MAX_SHARDS = 1024
"""OpenSearch's own limit of an index's shards."""


class NewIndexOptions(NamedTuple):
    """The options of an index, beside its collection.

    Attributes:
        shards: of the index, at least 1.
        keywords: keys to filter by.
        store: keys whose values are kept.
        captions_sha256: of the captions file; "" without captions.
        caption_fields: keys whose texts are searched beside the vectors, with their weights.
        field: kind of the field of impacts.
    """

    shards: int = 1
    keywords: tuple[str, ...] = ()
    store: tuple[str, ...] = ()
    captions_sha256: str = ""
    caption_fields: tuple[tuple[str, float], ...] = ()
    field: str = TERM_FREQUENCIES.name


def checked_options(
    shards: int,
    keywords: Sequence[str],
    store: Sequence[str],
    captions: Path | None,
    fields: Mapping[str, float],
    *,
    rank_features: bool,
) -> NewIndexOptions:
    """Return the options of an index.

    Args:
        shards: of the index.
        keywords: keys of the lines to filter by.
        store: keys of the lines whose values are kept.
        captions: a captions file.
        fields: key of the lines → weight of its texts.
        rank_features: use them in the place of a script.

    Raises:
        InputError: one is not what is needed.
    """
    if as_count(shards, "shards") > MAX_SHARDS:
        raise InputError(f"shards must be in 1..{MAX_SHARDS}, got {shards}")
    fields = checked_captions(fields)
    if key := next((key for key in fields if DELIMITER in key), None):
        raise InputError(f"a caption field in a cluster must be a key without U+E000, got {key!r}")
    return NewIndexOptions(
        shards=shards,
        keywords=checked_keys(as_texts(keywords, "keywords"), "a keyword"),
        store=checked_keys(as_texts(store, "store"), "stored"),
        captions_sha256="" if captions is None else sha256_of(captions),
        caption_fields=tuple(fields.items()),
        field=RankFeatures.name if rank_features else TERM_FREQUENCIES.name,
    )
