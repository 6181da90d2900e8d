"""Caption fields: keys of a collection's lines whose texts are searched by BM25 in the field of the vectors.

A text with the term "alp" under the key `words` has the token `words:alp` beside those of its picture, so one search
adds both up. The token's impact is the part of BM25 that a document decides (`lexlip.build.CaptionFields`), idf is in
the query (`caption_query.py`). An index says in its facts which fields it has:

    captions    {"peak": 255, "fields": [{"key": "words", "weight": 0.25, "mean_terms": 2.5}]}
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts
from lexlip_lucene.words.entity_names import is_entity_term
from lexlip_lucene.words.visual_words import VISUAL_FACT, is_visual_word

CAPTIONS_FACT = "captions"

ENTITIES_FACT = "entities"
"""The fact that some document may have entity terms."""

CAPTION_WEIGHT = 1.0
"""Weight of a caption: the best of 0.5 to 2.5 on 474 photos with five captions that were not trained on."""

LEAST_WEIGHT, LARGEST_WEIGHT = 0.001, 1000.0

BITS = 8
"""Of a collection that does not say how many bits its impacts have."""

_KEYS_OF_ITS_OWN = ("id", "vector")

_SAYS = {"words": "the file name", "year": "the date", "date": "the date", "contents": "the caption"}
_SAYS |= dict.fromkeys(("caption", "captions"), "the caption") | {key: f"the {key}" for key in ("place", "description")}


class CaptionField(NamedTuple):
    """A field; `mean_terms` is the mean number of terms of a text when the index was built, at least 1."""

    key: str
    weight: float
    mean_terms: float


class CaptionFields(NamedTuple):
    """The caption fields of an index; `peak` is the impact that a term has at most.

    With `entities` the index has entity terms, too, which were read in captions as well; with `visual` it has visual
    words, which are of the picture, but no words.
    """

    fields: tuple[CaptionField, ...] = ()
    peak: int = 255
    entities: bool = False
    visual: bool = False

    def fact(self) -> dict[str, str]:
        """Return the fact that an index keeps; {} without fields."""
        record = {"peak": self.peak, "fields": [field._asdict() for field in self.fields]}
        return {CAPTIONS_FACT: json.dumps(record)} if self.fields else {}

    def key_of(self, token: str) -> str | None:
        """Return the key of the field that a token is of; None for a token of the lexicon."""
        return next((field.key for field in self.fields if token.startswith(f"{field.key}:")), None)

    def is_visual(self, token: str) -> bool:
        """Return True if a token is a visual word of the index."""
        return self.visual and is_visual_word(token)

    def seen(self, vector: Impacts) -> Impacts:
        """Return the part of a document's vector that was seen in its picture, in words of the lexicon."""
        return {
            token: impact
            for token, impact in vector.items()
            if self.said_by(token) is None and not self.is_visual(token)
        }

    def said_by(self, token: str) -> str | None:
        """Return what a token is read in, in plain words; None for a token of the lexicon."""
        key = self.key_of(token)
        if key is None:
            return "the caption" if self.entities and is_entity_term(token) else None
        return _SAYS.get(key, key)


class CaptionTexts(NamedTuple):
    """Of a caption field: the lines that have its key, the texts among them with a term, and the terms of these."""

    lines: int
    texts: int
    terms: int

    def plus(self, terms: int) -> "CaptionTexts":
        """Return the counts with a further line, whose text has so many terms."""
        return CaptionTexts(self.lines + 1, self.texts + (terms > 0), self.terms + terms)


def counted_fields(
    collection: Path,
    captions: Mapping[str, float],
    counted: Sequence[CaptionTexts],
    bits: int | None,
    keys: Callable[[], Sequence[str]],
) -> CaptionFields:
    """Return the caption fields of a collection whose texts were counted.

    Args:
        collection: its folder, which errors name.
        captions: key → weight.
        counted: the texts of each key.
        bits: of the collection's impacts, if it says so; caption fields have impacts of as many.
        keys: gives those of the collection's first line, to be named in an error.

    Raises:
        InputError: no line has a key.
    """
    for key, texts in zip(captions, counted, strict=True):
        if not texts.lines:
            raise InputError(
                f"{collection}: no line has the key {key!r} that is to be a caption field; "
                f"the first line has {', '.join(keys()) or 'none'}"
            )
    fields = (
        CaptionField(key, weight, max(1.0, texts.terms / max(1, texts.texts)))
        for (key, weight), texts in zip(captions.items(), counted, strict=True)
    )
    return CaptionFields(tuple(fields), 2 ** (bits or BITS) - 1)


def caption_token(key: str, term: str) -> str:
    """Return the token of a term in the field `key`."""
    return f"{key}:{term}"


def caption_fields(facts: Mapping[str, str]) -> CaptionFields:
    """Return the caption fields that the facts of an index state."""
    record = json.loads(facts.get(CAPTIONS_FACT, "{}"))
    fields = tuple(CaptionField(**field) for field in record.get("fields", ()))
    parts = CaptionFields(entities=ENTITIES_FACT in facts, visual=VISUAL_FACT in facts)
    return parts._replace(fields=fields, peak=record["peak"]) if fields else parts


def checked_captions(captions: Mapping[str, float]) -> dict[str, float]:
    """Return key → weight as it may be indexed.

    Raises:
        InputError: a key that no token can begin with, or a weight out of range.
    """
    if not isinstance(captions, Mapping):
        raise InputError(f"captions must be a mapping of key to weight, got {captions!r}")
    for key, weight in captions.items():
        if not isinstance(key, str) or not key or key in _KEYS_OF_ITS_OWN or any(map(str.isspace, key)):
            raise InputError(
                f"a caption field must be a key of the collection's lines without white space, but not "
                f"{' or '.join(_KEYS_OF_ITS_OWN)}; got {key!r}"
            )
        number = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
        if not number or not LEAST_WEIGHT <= weight <= LARGEST_WEIGHT:
            raise InputError(
                f"the weight of the caption field {key!r} must be a number in {LEAST_WEIGHT:g}..{LARGEST_WEIGHT:g}, "
                f"got {weight!r}"
            )
    return {key: float(weight) for key, weight in captions.items()}
