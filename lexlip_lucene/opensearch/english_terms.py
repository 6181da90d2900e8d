"""The terms of words by the cluster's English analyser, which is Lucene's: lower case, without stop words, stemmed."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from lexlip_lucene.opensearch.connection import Connection

ANALYZER = "english"

_GAP = re.compile(r"[ \t\n\r\f\v]+")
"""White space that no word reaches across, so the terms of a text are those of its parts."""

TERMS_SETTING = "index.analyze.max_token_count"
"""Terms that a cluster returns of a text, 10,000 unless it is set; an error about them names it."""

_UNITS_AT_ONCE = 5_000
"""UTF-16 units of a request, which has fewer terms than that."""

_MOST_KNOWN = 1_000_000


class EnglishTerms:
    """The terms of words; those that were asked for are remembered, up to a number that keeps memory flat.

    Args:
        connection: to the cluster.
        index: whose `_analyze` is asked, percent-encoded; "" for the cluster's own.
    """

    def __init__(self, connection: Connection, index: str = "") -> None:
        self._connection = connection
        self._path = f"/{index}/_analyze" if index else "/_analyze"
        self._known: dict[str, tuple[str, ...]] = {}

    def of_words(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the terms of each word, none for a stop word.

        Args:
            words: without white space.

        Raises:
            ClusterError: the cluster can't be reached, or refuses: a word has more than 10,000 terms.
        """
        if len(self._known) > _MOST_KNOWN:
            self._known = {}
        known = self._known
        for some in _requests([word for word in dict.fromkeys(words) if word not in known]):
            known.update(zip(some, self._asked(some), strict=True))
        return [known[word] for word in words]

    def of_text(self, text: str) -> list[str]:
        """Return the terms of a text in their order; errors as in `of_words`."""
        return [term for terms in self.of_words(parts(text)) for term in terms]

    def _asked(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        body = {"analyzer": ANALYZER, "text": " ".join(words)}
        answer = self._connection.request("POST", self._path, body, filter_path="tokens.token,tokens.start_offset")
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
