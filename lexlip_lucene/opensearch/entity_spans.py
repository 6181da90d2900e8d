"""The names of entities in an index that lists no vocabulary: those that a text may have are asked for.

An index's facts say which kinds of entities it has, and of how many words their names are:

    entity_names    {"kinds": ["loc", "per"], "words": [1, 2, 3]}

So the terms of a text's spans of so many words, of each kind, are few, and the cluster says which of them it has.
"""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lexlip_lucene.words.entity_names import LONGEST, is_entity_term, kind_of_term, name_words, words_of_term

ENTITY_NAMES_FACT = "entity_names"


class EntitySpans(NamedTuple):
    """The kinds of entities, and the numbers of words that names have; both sorted."""

    kinds: tuple[str, ...] = ()
    words: tuple[int, ...] = ()

    def plus(self, tokens: Iterable[str]) -> "EntitySpans":
        """Return the spans with those of further tokens, of which some are entity terms."""
        terms = [token for token in tokens if "_" in token and is_entity_term(token)]
        lengths = (len(words_of_term(term)) for term in terms)
        return self.merged(EntitySpans(tuple(map(kind_of_term, terms)), tuple(lengths))) if terms else self

    def merged(self, other: "EntitySpans") -> "EntitySpans":
        """Return the spans of two indexes together."""
        kinds, words = {*self.kinds, *other.kinds}, {*self.words, *other.words}
        return EntitySpans(tuple(sorted(kinds)), tuple(sorted(words)))

    def fact(self) -> dict[str, str]:
        """Return the fact that an index keeps; {} without entities."""
        return {ENTITY_NAMES_FACT: json.dumps(self._asdict())} if self.kinds else {}

    def terms_in(self, text: str) -> list[str]:
        """Return the terms that names in a text may have, each once."""
        words = name_words(text)
        spans = (
            "_".join(words[begin : begin + length]) for length in self.words for begin in range(len(words) - length + 1)
        )
        terms = (f"e{kind}_{span}" for span in dict.fromkeys(spans) for kind in self.kinds)
        return [term for term in terms if len(term.encode()) <= LONGEST]


def entity_spans(facts: Mapping[str, str]) -> EntitySpans:
    """Return the spans that the facts of an index state."""
    record = json.loads(facts.get(ENTITY_NAMES_FACT, "{}"))
    return EntitySpans(tuple(record["kinds"]), tuple(record["words"])) if record else EntitySpans()
