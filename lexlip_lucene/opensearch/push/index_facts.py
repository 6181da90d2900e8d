"""The facts of an index in a cluster: those of a Lucene index, and what a searcher must know of its fields."""

import json
from collections.abc import Mapping, Sequence

from lexlip_lucene.opensearch.loading import LOADING_FACT
from lexlip_lucene.opensearch.mapping import FIELD_FACT, FORMAT, TERM_FREQUENCIES
from lexlip_lucene.opensearch.push.cluster_index import Counted
from lexlip_lucene.opensearch.push.survey import Survey
from lexlip_lucene.search.caption_fields import CAPTIONS_FACT, CaptionFields
from lexlip_lucene.search.collection_facts import OF_ONE_COLLECTION, lasting

SHARDS_SHA256 = "shards_sha256"
MAX_IMPACT, MAX_TOKENS, CAPTION_TEXTS = "max_impact", "max_tokens", "caption_texts"
KEYWORDS, STORED_KEYS = "keywords", "stored"

_SCHEMA = "1"


def facts_of_new(
    survey: Survey, keywords: Sequence[str], store: Sequence[str], fields: CaptionFields, field: str
) -> dict[str, str]:
    """Return the facts of an index that is to have one collection, before its documents are counted.

    Args:
        survey: of the collection.
        keywords: keys to filter by.
        store: keys whose values are kept.
        fields: whose texts are searched beside the vectors.
        field: kind of the field of impacts.
    """
    whose = {} if OF_ONE_COLLECTION in survey.facts else {SHARDS_SHA256: survey.sha256}
    keys = {KEYWORDS: json.dumps(sorted(keywords)), STORED_KEYS: json.dumps(sorted(store))}
    facts = survey.facts | whose | {name: found for name, found in keys.items() if found != "[]"}
    kind = {} if field == TERM_FREQUENCIES.name else {FIELD_FACT: field}
    return facts | kind | fields.fact() | survey.entities.fact() | _of_the_format()


def of_no_collection(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that hold once an index has no longer exactly one collection."""
    return {key: value for key, value in facts.items() if key not in (OF_ONE_COLLECTION, SHARDS_SHA256)}


def keys_of(facts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the keywords and the stored keys of an index."""
    return json.loads(facts.get(KEYWORDS, "[]")), json.loads(facts.get(STORED_KEYS, "[]"))


def counted_facts(facts: Mapping[str, str], counted: Counted, max_impact: int) -> dict[str, str]:
    """Return `facts` with what was counted in the index; `max_impact` is at least the largest impact in it."""
    fields = {key: facts[key] for key in (KEYWORDS, CAPTIONS_FACT) if key in facts}  # `lasting` takes them for counts
    numbers = {
        "documents": counted.documents,
        "empty": counted.empty,
        "postings": counted.postings,
        CAPTION_TEXTS: counted.captioned,
        MAX_TOKENS: counted.max_tokens,
        MAX_IMPACT: max_impact,
    }
    kept = {key: value for key, value in lasting(facts).items() if key != LOADING_FACT}
    return kept | fields | _of_the_format() | {name: str(number) for name, number in numbers.items()}


def _of_the_format() -> dict[str, str]:
    return {"kind": "impact", "schema_version": _SCHEMA, "format": FORMAT}
