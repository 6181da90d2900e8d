"""The words of queries, looked for in the caption fields of an open index."""

import re
from collections.abc import Callable, Mapping, Sequence

from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.caption_query import NO_CAPTIONS, CaptionQuery, caption_query
from lexlip_lucene.words.gazetteer import Gazetteer
from lexlip_lucene.words.known_words import is_content

Counts = Callable[[Sequence[str]], Mapping[str, int]]
"""Tokens → the number of documents that have each."""

_MOST_COUNTED = 1 << 16

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class CaptionWords:
    """The caption fields of an index as it is now; safe for several threads.

    Args:
        fields: of the index.
        frequencies: tokens → the number of documents that have each; remembered.
        documents: in the index.
        terms: words → the terms of each, as the texts of the index were analysed.
        names: text and frequencies → a gazetteer with the names of the index that the text may have.
    """

    def __init__(
        self,
        fields: CaptionFields,
        frequencies: Counts,
        documents: int,
        terms: Callable[[Sequence[str]], Sequence[Sequence[str]]],
        names: Callable[[str, Counts], Gazetteer],
    ) -> None:
        self.fields = fields
        self._frequencies, self._documents = frequencies, documents
        self._terms, self._names = terms, names
        self._counted: dict[str, int] = {}

    def query(self, text: str) -> CaptionQuery:
        """Return the tokens that the content words of `text` have in the caption fields, and the entities it names."""
        found = NO_CAPTIONS
        if self.fields.fields:
            words = [word.lower() for word in _WORD.findall(text) if is_content(word)]
            terms = [(term, word) for word, several in zip(words, self._terms(words), strict=True) for term in several]
            found = caption_query(self.fields, terms, self._counts, self._documents)
        return found.naming(self._names(text, self._counts).find(text)) if self.fields.entities else found

    def _counts(self, tokens: Sequence[str]) -> dict[str, int]:
        counted = self._counted
        if len(counted) > _MOST_COUNTED:
            counted = self._counted = {}
        missing = [token for token in tokens if token not in counted]
        if missing:
            counted.update(self._frequencies(missing))
        return {token: counted[token] for token in tokens}
