"""The words of queries, looked for in the caption fields of an open index."""

import re
from collections.abc import Callable, Mapping, Sequence

from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.caption_query import NO_CAPTIONS, CaptionQuery, caption_query
from lexlip_lucene.words.gazetteer import Gazetteer
from lexlip_lucene.words.known_words import is_content

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class CaptionWords:
    """The caption fields of an index as it is now; safe for several threads.

    Args:
        fields: of the index.
        frequencies: tokens → the number of documents that have each.
        documents: in the index.
        terms: words → the terms of each, as the texts of the index were analysed.
        names: text → a gazetteer with the names of the index that the text may have.
    """

    def __init__(
        self,
        fields: CaptionFields,
        frequencies: Callable[[Sequence[str]], Mapping[str, int]],
        documents: int,
        terms: Callable[[Sequence[str]], Sequence[Sequence[str]]],
        names: Callable[[str], Gazetteer],
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
        return found.naming(self._names(text).find(text)) if self.fields.entities else found

    def _counts(self, tokens: Sequence[str]) -> dict[str, int]:
        missing = [token for token in tokens if token not in self._counted]
        if missing:
            self._counted |= self._frequencies(missing)
        return {token: self._counted[token] for token in tokens}
