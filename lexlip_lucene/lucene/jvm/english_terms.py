"""Terms of a text by Anserini's default English analyser: lower case, without stop words, stemmed (Porter)."""

from functools import cache

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


@cache
def _kept_analyzer() -> JavaObject:
    return english_analyzer()
