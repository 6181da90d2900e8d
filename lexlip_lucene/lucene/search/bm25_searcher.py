"""BM25 over text, as Anserini computes it: its default English analyser, k1 = 0.9, b = 0.4.

score(q, d) = Σ over the query's terms t of n(t, q) × idf(t) × f(t, d) / (f(t, d) + k1 × (1 − b + b × |d| / avg)),
idf(t) = ln(1 + (N − df(t) + 0.5) / (df(t) + 0.5)), N the documents that have a term: Robertson et al., "Okapi at
TREC-3", without the constant factor k1 + 1, as Lucene has it; |d| is kept in one byte, exact up to 40 terms. The
analyser lower-cases, drops English stop words and stems (Porter), so that "Two dogs running" is searched as
{"two": 1, "dog": 1, "run": 1}.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.commit import CONTENTS
from lexlip_lucene.lucene.jvm.english_terms import english_analyzer, english_terms
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, JavaObject, java_class, java_errors_as
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.lucene.search.lucene_searcher import LuceneSearcher
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.search.searcher import Filters
from lexlip_lucene.text_list import as_texts

K1, B = 0.9, 0.4
"""Anserini's and Pyserini's defaults, by which published baselines are computed."""


class Bm25Searcher(LuceneSearcher):
    """A searcher of a text index with texts; scores are floats."""

    kind = "bm25"

    def search(self, text: str, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()) -> Hits:
        """Return the top `k` hits, fewer when fewer documents match; none for a text without terms.

        Args:
            text: the query.
            k: hits, at least 1.
            filters: keyword field → value or values that a hit must have.
            without: words that no hit has, each analysed as the query is.

        Raises:
            InputError: `k` < 1, `text` is not valid Unicode, or no such keyword field.
            SearchError: the index can't be read, or the searcher is closed.
        """
        return self.search_batch({"query": text}, k, filters=filters, without=without)["query"]

    def search_batch(
        self,
        texts: Mapping[str, str],
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> dict[str, Hits]:
        """Return qid → the top `k` hits, in the order of `texts` (qid → text).

        Args:
            texts: qid → text.
            k: hits a query, at least 1.
            threads: at least 1; Java shares the queries out among them.
            filters: keyword field → value or values that a hit must have.
            without: as in `search`.
            progress: shows how far it is.

        Raises:
            InputError: `k` or `threads` < 1, a text is not valid Unicode, or no such keyword field.
            SearchError: the index can't be read, or the searcher is closed.
        """
        k, threads = self._checked_counts(k, threads)
        excluded = " ".join(as_texts(without, "without"))
        terms = list(self.terms(excluded)) if excluded else []
        packed = self._packed_filters(filters or {}, terms)
        items = list(texts.items())
        for qid, text in items:
            if not isinstance(text, str):
                raise InputError(f"query {qid} must be a text, got {text!r}")

        def answer(start: int, stop: int) -> bytes:
            with self._errors("search"):
                queries = [_lucene_query(text, f"query {qid}") for qid, text in items[start:stop]]
                found: bytes = self._java.searchLucene(self._engine, _similarity(), queries, packed, k, threads)
            return found

        hits = self._gather(list(texts), answer, k, threads, progress)
        return {qid: found.with_float_scores() for qid, found in hits.items()}

    def terms(self, text: str) -> dict[str, int]:
        """Return the terms that `text` is searched by, with their number in it; {} when only stop words are left."""
        return dict(Counter(english_terms(text)))


def _lucene_query(text: str, where: str) -> JavaObject:
    with java_errors_as(SearchError, where), ONE_AT_A_TIME:
        generator = java_class("io.anserini.search.query.BagOfWordsQueryGenerator")()
        return generator.buildQuery(CONTENTS, english_analyzer(), text)


def _similarity() -> JavaObject:
    with ONE_AT_A_TIME:
        return java_class("org.apache.lucene.search.similarities.BM25Similarity")(K1, B)
