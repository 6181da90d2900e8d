"""The links of the page: each is this search with one thing changed, and leads there with or without JavaScript."""

import re
from collections.abc import Callable, Mapping

from lexlip_lucene.pictures.shown_words import NO_NAMES
from lexlip_lucene.serve.search_request import PageAsked
from lexlip_lucene.words.typed_query import MINUS

ALONE = 100
"""Weight of a token that is the whole query: with one token any weight ranks alike."""


class PageLinks:
    """Links from the search `asked`, to a page at `home`.

    Args:
        asked: the search.
        home: path of the page.
        words: words of the query's tokens of captions.
        is_visual: True for a token that is a visual word of the index.
    """

    def __init__(
        self,
        asked: PageAsked,
        home: str,
        words: Mapping[str, str] = NO_NAMES,
        is_visual: Callable[[str], bool] = lambda token: False,
    ) -> None:
        self._home = home
        self._words = words
        self._is_visual = is_visual
        self._asked = asked.model_copy(update={"hit": "", "against": "", "k": PageAsked.model_fields["k"].default})

    def token(self, *tokens: str) -> str:
        """Search by these tokens only: one, the pieces of a word, or the look of the picture that is searched by."""
        if self._asked.is_by_picture and any(map(self._is_visual, tokens)):
            return self._to(weights="", exclude=[], by="looks", looks=None)
        only = _written(dict.fromkeys(tokens, ALONE))
        return self._to(query="", like="", picture="", by=None, looks=None, exclude=[], weights=only)

    def adding(self, token: str) -> str:
        """Add a token, as heavy as the query's others."""
        edits = self._asked.edits
        return self._edited({**edits, token: max([*edits.values(), ALONE])})

    def without(self, *tokens: str) -> str:
        """Take a token, or the pieces of a word, out of the query."""
        edits = self._asked.edits
        if self._asked.query or self._asked.like or self._asked.picture:
            return self._edited({**edits, **dict.fromkeys(tokens, 0)})
        return self._edited({name: weight for name, weight in edits.items() if name not in tokens})

    def saying(self, word: str, instead: str) -> str:
        """Search with another word in the place of one of the query."""
        query = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: instead, self._asked.query, flags=re.IGNORECASE)
        return self._to(query=query)

    def restoring(self, token: str) -> str:
        """Give a token the weight that it has by itself."""
        return self._edited({name: weight for name, weight in self._asked.edits.items() if name != token})

    def excluding(self, token: str) -> str:
        """Let no hit have this token."""
        edits = {name: weight for name, weight in self._asked.edits.items() if name != token}
        return self._to(exclude=list(dict.fromkeys([*self._asked.exclude, token])), weights=_written(edits))

    def allowing(self, token: str) -> str:
        """Let hits have this token again."""
        typed = (token, self._words.get(token))
        words = [word for word in self._asked.query.split() if not (word[0] in MINUS and word[1:].lower() in typed)]
        return self._to(exclude=[name for name in self._asked.exclude if name != token], query=" ".join(words))

    def system(self, system: str) -> str:
        """Search with another system."""
        return self._to(system=system)

    def filter(self, field: str, value: str) -> str:
        """Ask for a keyword, or no longer."""
        wanted = f"{field}={value}"
        there = self._asked.filter
        return self._to(filter=[each for each in there if each != wanted] if wanted in there else [*there, wanted])

    def unfiltered(self) -> str:
        """Ask for no keyword."""
        return self._to(filter=[])

    def like(self, docid: str) -> str:
        """Search by a document's own vector."""
        return self._to(query="", weights="", exclude=[], picture="", like=docid)

    def same_look(self, docid: str) -> str:
        """Search by what a document looks like."""
        return self._to(query="", weights="", exclude=[], picture="", like=docid, by="looks", looks=None)

    def looks(self, share: float) -> str:
        """Search by the same picture, with another share of looks in the score, 0 to 1."""
        by = {0.0: "words", 1.0: "looks"}.get(share)
        return self._to(by=by, looks=None if by else share)

    def hit(self, docid: str, against: str = "") -> str:
        """Open a hit, beside another."""
        return self._to(hit=docid, against=against)

    def more(self, k: int) -> str:
        """Show more hits."""
        return self._to(k=k)

    def figures(self) -> str:
        """Show scores and weights, or hide them again."""
        return self._to(figures=not self._asked.figures)

    def closed(self) -> str:
        """Close the hit."""
        return self._to()

    def _edited(self, edits: Mapping[str, int]) -> str:
        return self._to(weights=_written(edits))

    def _to(self, **changes: object) -> str:
        query = self._asked.link(**changes)
        return f"{self._home}?{query}" if query else self._home


def _written(weights: Mapping[str, int]) -> str:
    return " ".join(f"{token}:{weight}" for token, weight in weights.items())
