"""What all searchers share: an open index, its facts, top-k by score and then docid, many queries at once.

It searches with Lucene itself, not with Anserini's searchers: those expand an impact query into one repeated token
for each unit of weight and shift tied scores apart. Ties, also those across the k-th score, go to the smaller docid
in byte order ("d10" before "d2").

Hits are read one at a time through pyjnius, about 20 µs each; a faster bridge would replace `_read_hits`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.commit import CONTENTS, ID, commit_facts, open_reader
from lexlip_lucene.lucene.jvm import ONE_AT_A_TIME, JavaObject, java_class, java_errors_as
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit, Run

Query = TypeVar("Query")

_INT_MAX = 2**31 - 1


class Searcher(ABC, Generic[Query]):
    """An open index. Safe to use from several threads; close it, or use it in a `with` block.

    Raises:
        InputError: no such folder.
        SearchError: not an index, one of another kind, or one this version does not read.
    """

    kind: ClassVar[str]

    def __init__(self, index: Path | str) -> None:
        self.path = Path(index)
        self.facts = commit_facts(self.path)
        if self.facts.get("kind", self.kind) != self.kind:
            raise SearchError(f"{self.path}: an index of kind {self.kind} is needed, got {self.facts['kind']}")
        self._reader = open_reader(self.path)
        with ONE_AT_A_TIME:
            searcher_class = java_class("org.apache.lucene.search.IndexSearcher")
            # A static setting of the JVM, 1,024 unless raised: a longer query would be refused, and an encoder that
            # expands a caption may give one.
            searcher_class.setMaxClauseCount(_INT_MAX)
            self._searcher = searcher_class(self._reader, signature="(Lorg/apache/lucene/index/IndexReader;)V")
            self._searcher.setSimilarity(self._similarity())
            self._sort = _score_then_docid()

    @property
    def documents(self) -> int:
        """Documents in the index; empty ones are not."""
        count: int = self._reader.numDocs()
        return count

    def search(self, query: Query, k: int = 10) -> list[Hit]:
        """Return the top `k` hits, fewer when fewer documents match; [] for a query without terms.

        Raises:
            InputError: the query is not what this searcher takes, or `k` < 1.
            SearchError: the answer can't be given exactly, or the searcher is closed.
        """
        return self._search(query, k, "query")

    def search_batch(
        self, queries: Mapping[str, Query], k: int = 1000, *, threads: int = 1, progress: Progress = SILENT
    ) -> Run:
        """Return the top `k` hits of each query, in the order of `queries` (qid → query); errors name the qid.

        Args:
            queries: qid → query.
            k: hits a query, at least 1.
            threads: at least 1; Lucene's work is spread over them, reading the hits is not.
            progress: told after every query.

        Raises:
            InputError: a query is not what this searcher takes, or `k` or `threads` < 1.
            SearchError: an answer can't be given exactly, or the searcher is closed.
        """
        if threads < 1:
            raise InputError(f"threads must be at least 1, got {threads}")
        pool = ThreadPoolExecutor(threads)
        try:
            found = pool.map(lambda item: self._search_and_detach(item[1], k, f"query {item[0]}"), queries.items())
            return dict(zip(queries, progress.track(found, "searching", len(queries)), strict=True))
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Close the index."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _similarity(self) -> JavaObject:
        """The Lucene similarity to score with."""

    @abstractmethod
    def _lucene_query(self, query: Query, where: str) -> JavaObject:
        """The Lucene query, or None when `query` has no term; errors begin with `where`."""

    @abstractmethod
    def _score(self, value: float, where: str) -> int | float:
        """The score to report for Lucene's `value`."""

    def _search(self, query: Query, k: int, where: str) -> list[Hit]:
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        with java_errors_as(SearchError, f"{where}: Lucene can't search {self.path}"):
            with ONE_AT_A_TIME:
                lucene_query = self._lucene_query(query, where)
            if lucene_query is None:
                return []
            searcher, sort, limit = self._searcher, self._sort, min(k, _INT_MAX)
            # Outside the lock, so that Lucene works for several threads at once. Safe only because nothing is computed
            # between the look-up of `search` and the call: Python changes threads at calls and jumps.
            top = searcher.search(lucene_query, limit, sort)
            with ONE_AT_A_TIME:
                return self._read_hits(top, where)

    def _search_and_detach(self, query: Query, k: int, where: str) -> list[Hit]:
        from jnius import detach

        try:
            return self._search(query, k, where)
        finally:
            detach()  # else Java keeps its part of this thread for ever

    def _read_hits(self, top: JavaObject, where: str) -> list[Hit]:
        from jnius import cast

        field_doc = java_class("org.apache.lucene.search.FieldDoc")
        hits = []
        for rank, found in enumerate(top.scoreDocs, start=1):
            score, docid = cast(field_doc, found).fields
            if docid is None:
                raise SearchError(f"{self.path}: a found document has no value in the field {ID!r}: build it again")
            hits.append(Hit(docid.utf8ToString(), self._score(score, where), rank))
        return hits


def term_query(token: str) -> JavaObject:
    """Return the Lucene query for the documents that hold `token`."""
    term = java_class("org.apache.lucene.index.Term")(CONTENTS, token)
    return java_class("org.apache.lucene.search.TermQuery")(term)


def _score_then_docid() -> JavaObject:
    field = java_class("org.apache.lucene.search.SortField")
    by_value = java_class("org.apache.lucene.search.SortField$Type").STRING_VAL
    return java_class("org.apache.lucene.search.Sort")(field.FIELD_SCORE, field(ID, by_value))
