"""Names of the tokens of caption fields for a reader: `words:alp` → `alps (file name)`."""

from collections.abc import Mapping

from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.words.entity_names import said_entity


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
        said, key = self._fields.said_by(token), self._fields.key_of(token)
        if said is None:
            return None
        if key is None:
            return said_entity(token)
        return f"{self.words.get(token, token[len(key) + 1 :])} ({said.removeprefix('the ')})"
