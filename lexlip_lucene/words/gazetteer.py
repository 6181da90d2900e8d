"""A gazetteer: the names that an index knows, found in a query without a model (Aho and Corasick, CACM 1975).

Of names that overlap, the one that begins first counts, and of those the longest: in "new york times" with the names
"new york" and "new york times" it is the newspaper. A name that is several entities gives all of their terms.
"""

from collections.abc import Iterable

import ahocorasick

from lexlip_lucene.words.entity_names import name_words, words_of_term


class Gazetteer:
    """The names of entity terms.

    Args:
        terms: entity terms, in any order.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self._names = ahocorasick.Automaton()
        for term in terms:
            name = _written(words_of_term(term))
            self._names.add_word(name, (*self._names.get(name, ()), term))
        self._names.make_automaton()

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str) -> list[str]:
        """Return the terms of the names in `text`, in their order, each once."""
        if not len(self):
            return []
        found = (term for _, terms in self._names.iter_long(_written(name_words(text))) for term in terms)
        return list(dict.fromkeys(found))


def _written(words: Iterable[str]) -> str:
    """Return the words so that a name only begins and ends where a word does, and two in a row don't overlap."""
    return "".join(f" {word} " for word in words)
