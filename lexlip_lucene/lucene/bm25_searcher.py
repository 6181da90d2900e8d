"""BM25 over text, as Anserini computes it: its default English analyser, k1 = 0.9, b = 0.4.

score(q, d) = Σ over the query's terms t of n(t, q) × idf(t) × f(t, d) / (f(t, d) + k1 × (1 − b + b × |d| / avg)),
idf(t) = ln(1 + (N − df(t) + 0.5) / (df(t) + 0.5)), N the documents that have a term: Robertson et al., "Okapi at
TREC-3", without the constant factor k1 + 1, as Lucene has it; |d| is kept in one byte, exact up to 40 terms. The
analyser lower-cases, drops English stop words and stems (Porter), so that "Two dogs running" is searched as
{"two": 1, "dog": 1, "run": 1}.
"""

from collections import Counter

from lexlip_lucene.errors import SearchError
from lexlip_lucene.lucene.commit import CONTENTS
from lexlip_lucene.lucene.jvm import ONE_AT_A_TIME, JavaObject, java_class, java_errors_as
from lexlip_lucene.lucene.searcher import Searcher

K1, B = 0.9, 0.4
"""Anserini's and Pyserini's defaults, by which published baselines are computed."""


class Bm25Searcher(Searcher[str]):
    """Searches a text index with texts; scores are floats."""

    kind = "bm25"

    def terms(self, text: str) -> dict[str, int]:
        """Return the terms that `text` is searched by, with their number in it; {} when only stop words are left."""
        with java_errors_as(SearchError, "query"), ONE_AT_A_TIME:
            found = java_class("io.anserini.analysis.AnalyzerUtils").analyze(_analyzer(), text)
            return dict(Counter(found.get(position) for position in range(found.size())))

    def _similarity(self) -> JavaObject:
        return java_class("org.apache.lucene.search.similarities.BM25Similarity")(K1, B)

    def _lucene_query(self, query: str, where: str) -> JavaObject:
        generator = java_class("io.anserini.search.query.BagOfWordsQueryGenerator")()
        return generator.buildQuery(CONTENTS, _analyzer(), query)

    def _score(self, value: float, where: str) -> float:
        return value


def _analyzer() -> JavaObject:
    return java_class("io.anserini.analysis.DefaultEnglishAnalyzer").newDefaultInstance()
