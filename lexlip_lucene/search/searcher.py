"""The searcher, as a Protocol: what an engine has to answer so that the command and the page can use it.

`ImpactSearcher` and `Bm25Searcher` are Lucene's. Another engine is one file: a class that derives from `Searcher` and
answers what has no body here (`examples/add_a_searcher.py`).
"""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.caption_query import NO_CAPTIONS, CaptionQuery
from lexlip_lucene.search.explanation import Explanation, explanation_of

Filters = Mapping[str, str | Collection[str]]
"""Keyword field → the value, or one of the values, that a document must have; of several filters, all."""


class OpenIndex(Protocol):
    """An open index, without its searches."""

    @property
    @abstractmethod
    def path(self) -> Path | str:
        """The place of the index, for messages."""
        ...

    @property
    @abstractmethod
    def documents(self) -> int:
        """Number of documents in the index, those without a token among them."""
        ...

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, str]:
        """The facts about what made the index: `kind`, `vocabulary_sha256`, `scale`, …; {} if none were kept."""
        ...

    @abstractmethod
    def stored(self, docid: str) -> dict[str, str]:
        """Return the stored fields of a document, `id` among them.

        Raises:
            InputError: the index has no such document.
        """
        ...

    @abstractmethod
    def frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return token → number of documents that have it, 0 for an unknown one."""
        ...

    @abstractmethod
    def keywords(self, most: int = 100) -> dict[str, list[str]]:
        """Return keyword field → values in byte order, about the first `most`."""
        ...

    def require_distinct_ids(self) -> None:
        """Raise InputError if two docids would be the same in a run; unless answered, writing a run finds them."""
        return None

    def refresh(self) -> bool:
        """See what was committed since, and return True if there was anything; unless answered, there never is."""
        return False

    def close(self) -> None:
        """Close the index; unless answered, there is nothing to close."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Searcher(OpenIndex, Protocol):
    """A searcher of impacts: score(q, d) = Σ over shared tokens of query weight × impact, exact integers.

    Ties go to the smaller docid in byte order.
    """

    @abstractmethod
    def search(
        self, query: Impacts, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> Sequence[Hit]:
        """Return the top `k` hits, best first, fewer if fewer documents match; none for a query without tokens.

        Args:
            query: token → query weight, an integer of at least 1.
            k: hits, at least 1.
            filters: keyword field → value or values that a hit must have.
            without: tokens that no hit has.
        """
        ...

    @abstractmethod
    def search_batch(
        self,
        queries: Mapping[str, Impacts],
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> Mapping[str, Sequence[Hit]]:
        """Return qid → the top `k` hits, in the order of `queries`; arguments as in `search`."""
        ...

    @abstractmethod
    def vector(self, docid: str) -> Impacts:
        """Return a document's token → impact, heaviest first, equal ones by token; {} for one without any token.

        Raises:
            InputError: the index has no such document.
        """
        ...

    @property
    def captions(self) -> CaptionFields:
        """The caption fields of the index; unless answered, it has none."""
        return CaptionFields()

    def caption_query(self, text: str) -> CaptionQuery:
        """Return what the words of `text` ask of the caption fields; unless answered, nothing.

        `searcher.search(weights | searcher.caption_query(text).weights)` searches pictures and captions in one ranking.
        """
        return NO_CAPTIONS

    def explain(self, query: Impacts, docid: str) -> Explanation:
        """Explain the score of document `docid`; unless answered, from its vector.

        Raises:
            InputError: the index has no such document.
        """
        return explanation_of(query, docid, self.vector(docid))


class TextSearcher(OpenIndex, Protocol):
    """A searcher of texts, such as BM25; scores are floats. Ties go to the smaller docid in byte order."""

    @abstractmethod
    def search(
        self, text: str, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> Sequence[Hit]:
        """Return the top `k` hits, best first; `without`: words that no hit has. Arguments as in `Searcher`."""
        ...

    @abstractmethod
    def search_batch(
        self,
        texts: Mapping[str, str],
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> Mapping[str, Sequence[Hit]]:
        """Return qid → the top `k` hits, in the order of `texts`; arguments as in `search`."""
        ...

    @abstractmethod
    def terms(self, text: str) -> dict[str, int]:
        """Return the terms that `text` is searched by, with their number in it."""
        ...
