"""Terms of a text by Anserini's default English analyser: lower case, without stop words, stemmed (Porter)."""

from collections.abc import Sequence
from functools import cache, lru_cache

from lexlip_lucene.errors import SearchError
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, JavaObject, java_class, java_errors_as


def english_analyzer() -> JavaObject:
    """Return the analyser, an object of Java."""
    return java_class("io.anserini.analysis.DefaultEnglishAnalyzer").newDefaultInstance()


def english_terms(text: str) -> list[str]:
    """Return the terms of `text` in their order: "Two dogs running" has two, dog, run.

    Raises:
        InputError: the text is not valid Unicode.
    """
    with java_errors_as(SearchError, "query"), ONE_AT_A_TIME:
        found = java_class("io.anserini.analysis.AnalyzerUtils").analyze(_kept_analyzer(), text)
        return [found.get(position) for position in range(found.size())]


def terms_of_words(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the terms of each word; those of words that were asked for lately are remembered."""
    return [_terms_of_word(word) for word in words]


@lru_cache(maxsize=1 << 16)
def _terms_of_word(word: str) -> tuple[str, ...]:
    return tuple(english_terms(word))


@cache
def _kept_analyzer() -> JavaObject:
    return english_analyzer()
