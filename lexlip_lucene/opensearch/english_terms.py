"""The terms of words by the cluster's English analyser, which is Lucene's: lower case, without stop words, stemmed."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from lexlip_lucene.opensearch.connection import Connection

ANALYZER = "english"

TERMS_SETTING = "index.analyze.max_token_count"
"""Terms that a cluster returns of a text, 10,000 unless it is set; an error about them names it."""

_GAP = re.compile(r"[ \t\n\r\f\v]+")
"""White space that no word reaches across, so the terms of a text are those of its parts."""

_UNITS_AT_ONCE = 5_000
"""UTF-16 units of a request, which has fewer terms than that."""

_MOST_LETTERS = 4_000_000
"""Letters of words and terms that are remembered."""

Again = Callable[[Callable[[], Any]], Any]
"""Makes a request, again if that may help."""


class EnglishTerms:
    """The terms of words; those that were asked for are remembered, as many as keep memory flat.

    Args:
        connection: to the cluster.
        again: makes each request.
        index: whose `_analyze` is asked, percent-encoded; None: the cluster's own.
    """

    def __init__(self, connection: Connection, again: Again, index: str | None = None) -> None:
        self._connection, self._again = connection, again
        self._path = "/_analyze" if index is None else f"/{index}/_analyze"
        self._known: dict[str, tuple[str, ...]] = {}
        self._letters = 0

    def of_words(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the terms of each word, none for a stop word.

        Args:
            words: without white space.

        Raises:
            ClusterError: the cluster can't be reached, or refuses: a word has more than 10,000 terms.
        """
        if self._letters > _MOST_LETTERS:
            self._known, self._letters = {}, 0
        known = self._known
        for some in _requests([word for word in dict.fromkeys(words) if word not in known]):
            found = self._asked(some)
            known.update(zip(some, found, strict=True))
            self._letters += sum(map(len, some)) + sum(len(term) for terms in found for term in terms)
        return [known[word] for word in words]

    def _asked(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        body: Mapping[str, Any] = {"analyzer": ANALYZER, "text": " ".join(words)}
        wanted = "tokens.token,tokens.start_offset"
        answer = self._again(lambda: self._connection.request("POST", self._path, body, filter_path=wanted))
        begins = list(accumulate((_units(word) + 1 for word in words[:-1]), initial=0))
        terms: list[list[str]] = [[] for _ in words]
        for token in answer.get("tokens", ()):
            terms[bisect_right(begins, token["start_offset"]) - 1].append(token["token"])
        return list(map(tuple, terms))


def parts(text: str) -> list[str]:
    """Return the parts of a text between white space."""
    return [part for part in _GAP.split(text) if part]


def _requests(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the words of each request."""
    some: list[str] = []
    units = 0
    for word in words:
        if some and units + _units(word) > _UNITS_AT_ONCE:
            yield some
            some, units = [], 0
        some.append(word)
        units += _units(word) + 1
    if some:
        yield some


def _units(word: str) -> int:
    return len(word) + sum(letter > "\uffff" for letter in word)
