"""Names of tokens that are no words of the lexicon, for a reader: `words:alp` → `alps (file name)`.

All visual words have one name, since none of them says anything by itself.
"""

from collections.abc import Mapping

from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.words.entity_names import said_entity

THE_LOOK = "the look"
"""The name of visual words; no word of a vocabulary has a space."""


class CaptionNames:
    """The names.

    Args:
        fields: of the index.
        words: token → the word that it was made of; a token that is missing is shown by its term.
    """

    def __init__(self, fields: CaptionFields, words: Mapping[str, str]) -> None:
        self._fields, self.words = fields, words

    def get(self, token: str, /) -> str | None:
        """Return the name of a token; None for one of the lexicon."""
        if self._fields.is_visual(token):
            return THE_LOOK
        said, key = self._fields.said_by(token), self._fields.key_of(token)
        if said is None:
            return None
        if key is None:
            return said_entity(token)
        return f"{self.words.get(token, token[len(key) + 1 :])} ({said.removeprefix('the ')})"
