"""The words of queries, looked for in the caption fields of an open index."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from lexlip_lucene.lucene.jvm.english_terms import english_terms
from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.caption_query import NO_CAPTIONS, CaptionQuery, caption_query
from lexlip_lucene.words.entity_names import is_entity_term
from lexlip_lucene.words.gazetteer import Gazetteer
from lexlip_lucene.words.known_words import is_content

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class CaptionWords:
    """The caption fields of an index as it is now; safe for several threads.

    Args:
        fields: of the index.
        frequencies: tokens → the number of documents that have each.
        documents: in the index.
        vocabulary: gives all tokens of the index, of which the entity terms make a gazetteer when it is first needed.
    """

    def __init__(
        self,
        fields: CaptionFields,
        frequencies: Callable[[Sequence[str]], Mapping[str, int]],
        documents: int,
        vocabulary: Callable[[], Sequence[str]],
    ) -> None:
        self.fields = fields
        self._frequencies, self._documents, self._vocabulary = frequencies, documents, vocabulary
        self._counted: dict[str, int] = {}

    def query(self, text: str) -> CaptionQuery:
        """Return the tokens that the content words of `text` have in the caption fields, and the entities it names."""
        found = NO_CAPTIONS
        if self.fields.fields:
            words = [word.lower() for word in _WORD.findall(text) if is_content(word)]
            terms = [(term, word) for word in words for term in _terms(word)]
            found = caption_query(self.fields, terms, self._counts, self._documents)
        return found.naming(self._gazetteer.find(text)) if self.fields.entities else found

    @cached_property
    def _gazetteer(self) -> Gazetteer:
        return Gazetteer(token for token in self._vocabulary() if is_entity_term(token))

    def _counts(self, tokens: Sequence[str]) -> dict[str, int]:
        missing = [token for token in tokens if token not in self._counted]
        if missing:
            self._counted |= self._frequencies(missing)
        return {token: self._counted[token] for token in tokens}


@lru_cache(maxsize=1 << 16)
def _terms(word: str) -> tuple[str, ...]:
    return tuple(english_terms(word))
