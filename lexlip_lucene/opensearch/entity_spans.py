"""The names of entities in an index that lists no vocabulary: those that a text may have are asked for.

An index's facts say which kinds of entities it has, and how many words its longest name has:

    entity_names    {"kinds": ["loc", "per"], "words": 3}

So the terms of all spans of a text's words, of each kind, are few, and the cluster says which of them it has.
"""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lexlip_lucene.words.entity_names import LONGEST, is_entity_term, kind_of_term, name_words, words_of_term

ENTITY_NAMES_FACT = "entity_names"


class EntitySpans(NamedTuple):
    """The kinds of entities, sorted, and the number of words of the longest name."""

    kinds: tuple[str, ...] = ()
    words: int = 0

    def plus(self, tokens: Iterable[str]) -> "EntitySpans":
        """Return the spans with those of further tokens, of which some are entity terms."""
        terms = [token for token in tokens if is_entity_term(token)]
        longest = max((len(words_of_term(term)) for term in terms), default=0)
        return self.merged(EntitySpans(tuple(map(kind_of_term, terms)), longest)) if terms else self

    def merged(self, other: "EntitySpans") -> "EntitySpans":
        """Return the spans of two indexes together."""
        return EntitySpans(tuple(sorted({*self.kinds, *other.kinds})), max(self.words, other.words))

    def fact(self) -> dict[str, str]:
        """Return the fact that an index keeps; {} without entities."""
        return {ENTITY_NAMES_FACT: json.dumps(self._asdict())} if self.kinds else {}

    def terms_in(self, text: str) -> list[str]:
        """Return the terms that names in a text may have, each once."""
        words = name_words(text)
        spans = (
            "_".join(words[begin:end])
            for begin in range(len(words))
            for end in range(begin + 1, min(begin + self.words, len(words)) + 1)
        )
        terms = (f"e{kind}_{span}" for span in dict.fromkeys(spans) for kind in self.kinds)
        return [term for term in terms if len(term.encode()) <= LONGEST]


def entity_spans(facts: Mapping[str, str]) -> EntitySpans:
    """Return the spans that the facts of an index state."""
    record = json.loads(facts.get(ENTITY_NAMES_FACT, "{}"))
    return EntitySpans(tuple(record["kinds"]), record["words"]) if record else EntitySpans()
