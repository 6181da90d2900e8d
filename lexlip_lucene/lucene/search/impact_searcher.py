"""Searching an impact index: score(q, d) = Σ over shared tokens of query weight × impact, and nothing else.

Query {"red": 3, "cat": 2} scores document {"red": 10, "cat": 7, "big": 1} with 3 × 10 + 2 × 7 = 44. No idf, no
length norm, no token dropped, also not one that is in all documents. Sums are integers throughout, so a score below
2^63 is exact; one from there on, which takes tens of thousands of the largest weights, is refused. Stock Lucene's
float32 has every integer only below 2^24 = 16,777,216.

Postings are decoded once, into a cache, and searched there window by window (`lexlip.search.WindowSearch`), or only in
the blocks of documents that may have a hit (`lexlip.search.BlockSearch`), whichever promises to be faster; where the
cache is too small for a query, Lucene's own block-max MAXSCORE reads them from disk. The hits are the same.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.commit import CONTENTS
from lexlip_lucene.lucene.jvm.english_terms import terms_of_words
from lexlip_lucene.lucene.jvm.java_texts import unpack_texts
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.hits import Hits, unpack
from lexlip_lucene.lucene.search.lucene_searcher import LuceneSearcher, as_mapping
from lexlip_lucene.lucene.search.request import pack_matrix, pack_queries, utf8
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, caption_fields
from lexlip_lucene.search.caption_query import CaptionQuery
from lexlip_lucene.search.caption_words import CaptionWords
from lexlip_lucene.search.explanation import Explanation, explanation_of
from lexlip_lucene.search.searcher import Filters
from lexlip_lucene.vectors.json_vector import checked_impacts
from lexlip_lucene.vectors.vector_matrix import VectorMatrix, checked_matrix
from lexlip_lucene.words.entity_names import is_entity_term
from lexlip_lucene.words.gazetteer import Gazetteer

Execution = Literal["auto", "windows", "blocks", "lucene"]
"""The ways to search, in the order of Java's `ImpactSearch.Execution`."""

_ALL = 2**31 - 1
"""More tokens than an index can have."""

_EXACT = Approximation(candidates=0)
"""Everything in one step: Java takes 0 candidates for that."""

_NO_SCORE = 2**63 - 1
"""Scores cross from Java as 64-bit integers, whose largest means all that are too large (`lexlip.search.Sums`)."""


class ImpactSearcher(LuceneSearcher):
    """A searcher of an index of impacts with queries of token → query weight (integers ≥ 1); scores are exact integers.

    An index built by others is searched all the same, when it has Anserini's fields `contents` and `id`.
    """

    kind = "impact"

    def __init__(
        self,
        index: Path | str,
        *,
        cache_mb: int | None = None,
        execution: Execution = "auto",
        approximate: Approximation | None = None,
    ) -> None:
        """Open the index folder `index`; arguments and errors as in `LuceneSearcher`.

        Args:
            index: the folder.
            cache_mb: as in `LuceneSearcher`.
            execution: `auto` chooses for each query; `windows`, `blocks` and `lucene` are for measuring.
            approximate: how much a search looks at unless it says so itself; everything unless given, which is exact.

        Raises:
            InputError: also if `execution` is none of these, or a value of `approximate` is out of range.
        """
        if execution not in get_args(Execution):
            raise InputError(f"execution must be one of {', '.join(get_args(Execution))}, got {execution!r}")
        if approximate is not None:
            approximate = approximate.checked()
        super().__init__(index, cache_mb=cache_mb)
        self._execution = get_args(Execution).index(execution)  # an integer crosses faster than a text
        self._approximate = approximate
        self._words = self._caption_words()

    def search(
        self,
        query: Impacts,
        k: int = 10,
        *,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        approximate: Approximation | None = None,
    ) -> Hits:
        """Return the top `k` hits, fewer when fewer documents match; none for a query without terms.

        Args:
            query: token → query weight.
            k: hits, at least 1.
            filters: keyword field → value or values that a hit must have.
            without: tokens that no hit has.
            approximate: how much to look at; unless given, as the searcher was opened.

        Raises:
            InputError: the query is not what is needed, `k` < 1, or no such keyword field.
            SearchError: a score reaches 2^63, the index can't be read, or the searcher is closed.
        """
        k, threads = self._checked_counts(k, 1)
        answer = self._call(k, threads, filters, approximate, without)
        return unpack(answer(pack_queries([checked_impacts(query, "query")])), 1, self.path)[0]

    def search_batch(
        self,
        queries: Mapping[str, Impacts] | Sequence[Document] | VectorMatrix,
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        approximate: Approximation | None = None,
        progress: Progress = SILENT,
    ) -> dict[str, Hits]:
        """Return qid → the top `k` hits, in the order of `queries`; errors name the qid.

        Args:
            queries: qid → query, encoded queries as `read_queries` gives them, or a matrix with a query a row.
            k: hits a query, at least 1.
            threads: at least 1; Java shares the queries out among them.
            filters: as in `search`.
            without: as in `search`.
            approximate: as in `search`.
            progress: shows how far it is.

        Raises:
            InputError: a query is not what is needed, `k` or `threads` < 1, or no such keyword field.
            SearchError: a score reaches 2^63, the index can't be read, or the searcher is closed.
        """
        k, threads = self._checked_counts(k, threads)
        ids, pack = _packing(queries)
        answer = self._call(k, threads, filters, approximate, without)
        return self._gather(ids, lambda start, stop: answer(pack(start, stop)), k, threads, progress)

    def choices(self) -> dict[str, int]:
        """Return how often each execution was taken so far.

        `windows` and `blocks` count segments of queries, `given_up` those of `blocks` that went on by windows, and
        `lucene` whole queries.

        Raises:
            SearchError: the searcher is closed.
        """
        with self._errors("read"):
            counts = [int(count) for count in self._java.choices(self._engine)]
        return dict(zip(("windows", "blocks", "given_up", "lucene"), counts, strict=True))

    @property
    def captions(self) -> CaptionFields:
        """The caption fields of the index."""
        return self._words.fields

    def caption_query(self, text: str) -> CaptionQuery:
        """Return what the words of `text` ask of the caption fields and of entity terms; nothing of an index without.

        `searcher.search(weights | searcher.caption_query(text).weights)` searches pictures and captions in one ranking.

        Raises:
            InputError: `text` is not valid Unicode.
            SearchError: the index can't be read, or the searcher is closed.
        """
        return self._words.query(text)

    def refresh(self) -> bool:
        """See what was committed since, as in `LuceneSearcher`."""
        changed = super().refresh()
        if changed:
            self._words = self._caption_words()
        return changed

    def explain(self, query: Impacts, docid: str) -> Explanation:
        """Explain the score of document `docid`.

        Raises:
            InputError: the index has no such document, or a query weight is not a positive integer.
            SearchError: the score reaches 2^63, the index can't be read, or the searcher is closed.
        """
        query = checked_impacts(query, "query")
        tokens = pack_queries([query])
        with self._errors("search"):
            found = self._java.impacts(self._engine, utf8(docid), tokens)
        if found is None:
            raise InputError(f"{self.path} has no document {docid!r}: nothing to explain")
        impacts = dict(zip(query, np.frombuffer(found, "<i4").tolist(), strict=True))
        explanation = explanation_of(query, docid, impacts)
        if explanation.score >= _NO_SCORE:
            raise SearchError(
                f"{self.path}: document {docid!r} has the score {explanation.score}, and no search has 2^63 or more"
            )
        return explanation

    def vector(self, docid: str) -> Impacts:
        """Return a document's token → impact, heaviest first, equal ones by token; {} for one without any token.

        It asks the postings of every token: some 50 ms with 30,000 tokens over 100,000 documents.

        Raises:
            InputError: the index has no such document.
            SearchError: the index can't be read, or the searcher is closed.
        """
        with self._errors("read"):
            found = self._java.vector(self._engine, utf8(docid))
        if found is None:
            raise InputError(f"{self.path} has no document {docid!r}")
        impacts = {token: int(impact) for token, impact in as_mapping(found).items()}
        return dict(sorted(impacts.items(), key=lambda item: (-item[1], item[0])))

    def _caption_words(self) -> CaptionWords:
        names = cache(lambda: Gazetteer(token for token in self._vocabulary() if is_entity_term(token)))
        fields = caption_fields(self.facts)
        return CaptionWords(fields, self._living, self.documents, terms_of_words, lambda text, counts: names())

    def _living(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return token → number of documents that have it, without deleted ones, as a cluster counts them."""
        with self._errors("count"):
            found = self._java.living(self._engine, pack_queries([dict.fromkeys(tokens, 1)]))
        return dict(zip(tokens, np.frombuffer(found, "<i4").tolist(), strict=True))

    def _vocabulary(self) -> list[str]:
        with self._errors("read"):
            return unpack_texts(self._java.values(self._engine, CONTENTS, _ALL))

    def _call(
        self,
        k: int,
        threads: int,
        filters: Filters | None,
        approximate: Approximation | None,
        without: Sequence[str],
    ) -> Callable[[bytes], bytes]:
        """Check what a search is asked for; return what turns packed queries into Java's answer."""
        packed = self._packed_filters(filters or {}, without)
        narrowed = self._approximate if approximate is None else approximate
        how = _EXACT if narrowed is None else narrowed.checked()

        def answer(queries: bytes) -> bytes:
            with self._errors("search"):
                found: bytes = self._java.search(
                    self._engine,
                    queries,
                    packed,
                    k,
                    threads,
                    self._execution,
                    how.terms,
                    how.postings,
                    how.document_terms,
                    0 if how.by_blocks else how.candidates,
                    how.blocks,
                )
            return found

        return answer


def _packing(
    queries: Mapping[str, Impacts] | Sequence[Document] | VectorMatrix,
) -> tuple[list[str], Callable[[int, int], bytes]]:
    """Return the queries' ids, and what packs those from one place to another."""
    if isinstance(queries, VectorMatrix):
        ids, matrix, tokens = checked_matrix(queries, "query")
        return list(ids), lambda start, stop: pack_matrix(matrix[start:stop], tokens)
    vectors = queries if isinstance(queries, Mapping) else {query.id: query.vector for query in queries}
    if len(vectors) != len(queries):
        raise InputError(f"queries: ids must differ, but {len(queries)} queries have {len(vectors)} ids")
    packed = [checked_impacts(vector, f"query {qid}") for qid, vector in vectors.items()]
    return list(vectors), lambda start, stop: pack_queries(packed[start:stop])
