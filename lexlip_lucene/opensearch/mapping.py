"""The index in the cluster: its settings, its fields, and the facts about it in the mapping's `_meta`.

    docid     the id, as a keyword: ties are decided by it in byte order
    impacts   the vector, in a field of a kind (`impact_field.py`); a token's score is query weight × impact
    tokens    number of tokens of the vector, so that the cluster can count postings
    captions  the joined captions of the image, analysed and scored as Anserini does; absent without --captions
    stored    key → text of what --store keeps; not searched
    KEY       each keyword, by its own name: a text, or a list of texts

`_source` has all of them. A score has neither idf nor length norm, so the number of shards changes none. `_meta` maps
text → text with the keys of a Lucene index's commit (`search/collection_facts.py`), and `format`, `max_impact`,
`max_tokens`, `keywords` and `stored` (JSON lists), `caption_texts` (documents with captions), `shards_sha256` (of a
collection without manifest), `field` (the kind of the field of impacts, unless the usual one), `entity_names`
(`entity_spans.py`) and, while documents go in or out, `loading` (`loading.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.english_terms import ANALYZER
from lexlip_lucene.opensearch.impact_field import IMPACTS, ImpactField
from lexlip_lucene.opensearch.impact_text import TermFrequencies
from lexlip_lucene.opensearch.rank_features import RankFeatures

FORMAT = "1"
"""Version of the fields and of what is in them; a searcher refuses another."""

DOCID, TOKENS, CAPTIONS, STORED = "docid", "tokens", "captions", "stored"

_OF_THE_INDEX = (DOCID, IMPACTS, TOKENS, CAPTIONS, STORED)
_OF_THE_LINE = ("id", "vector")

K1, B = 0.9, 0.4
"""Anserini's, as in a text index."""

_BM25 = {"anserini": {"type": "BM25", "k1": K1, "b": B}}

TERM_FREQUENCIES: ImpactField = TermFrequencies()
"""The usual field."""

_FIELDS: dict[str, ImpactField] = {field.name: field for field in (TERM_FREQUENCIES, RankFeatures())}
FIELD_FACT = "field"


def impact_field(name: str) -> ImpactField:
    """Return the field of impacts of a kind.

    Raises:
        InputError: there is no such kind.
    """
    if name not in _FIELDS:
        raise InputError(f"the field of impacts must be one of {', '.join(_FIELDS)}, got {name!r}")
    return _FIELDS[name]


def field_of(facts: Mapping[str, str]) -> ImpactField:
    """Return the field of impacts that the facts of an index state; errors as in `impact_field`."""
    return impact_field(facts.get(FIELD_FACT, TERM_FREQUENCIES.name))


def index_body(*, shards: int, keywords: Sequence[str], facts: Mapping[str, str], alias: str) -> dict[str, Any]:
    """Return the body of the request that creates the index, as it is while documents go in.

    It has no replica and is not refreshed then; every request is on the disk before it is acknowledged.

    Args:
        shards: of the index, at least 1.
        keywords: keys to filter by, as `checked_keys` returned them.
        facts: text → text for `_meta`; they say which field of impacts it has.
        alias: a name that the index also has, and that documents are sent to.
    """
    field = field_of(facts)
    return {
        "aliases": {alias: {}},
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            "similarity": {**_BM25, **field.similarities},
            "analysis": dict(field.analysis),
        },
        "mappings": {"dynamic": "strict", "_meta": dict(facts), "properties": _fields(keywords, field)},
    }


def checked_keys(keys: Sequence[str], what: str) -> tuple[str, ...]:
    """Return `keys`, each of which a line's value is kept by.

    Args:
        keys: of the collection's lines.
        what: they become, for messages: "a keyword", "stored".

    Raises:
        InputError: one is a field of the index itself, twice there, or no name that a field may have.
    """
    taken = _OF_THE_LINE if what == "stored" else (*_OF_THE_LINE, *_OF_THE_INDEX)
    for place, key in enumerate(keys):
        if not key.strip() or key in taken:
            raise InputError(f"{key!r} can't be {what}: choose another key than {', '.join(taken)}")
        if what != "stored" and (key[0] == "_" or set(key) & set(".*")):
            raise InputError(f"{key!r} can't be {what} in a cluster: a key begins with no _ and has no . or * in it")
        if key in keys[:place]:
            raise InputError(f"{key!r} is to be {what} twice: name it once")
    return tuple(keys)


def _fields(keywords: Sequence[str], field: ImpactField) -> dict[str, Any]:
    fields: dict[str, Any] = {key: {"type": "keyword"} for key in keywords}
    return fields | {
        DOCID: {"type": "keyword"},
        IMPACTS: dict(field.mapping),
        TOKENS: {"type": "integer", "index": False},
        CAPTIONS: {"type": "text", "analyzer": ANALYZER, "index_options": "freqs", "similarity": "anserini"},
        STORED: {"type": "object", "enabled": False},
    }
