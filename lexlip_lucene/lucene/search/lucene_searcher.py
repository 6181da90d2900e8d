"""An open Lucene index: its facts, top-k by score and then docid, many queries at once.

A batch of queries crosses into Java once and comes back as bytes (`request.py`, `hits.py`); Java's threads share it
out. Ties, also those across the k-th score, go to the smaller docid in byte order ("d10" before "d2").
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import numpy as np

from lexlip_lucene.data.trec_id import require_distinct_as_written
from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.integers import as_count, as_int
from lexlip_lucene.lucene.index.commit import (
    CONTENTS,
    ID,
    checked_facts,
    kept_keywords,
    open_reader,
    require_index_folder,
)
from lexlip_lucene.lucene.jvm.java_entry import ENTRY
from lexlip_lucene.lucene.jvm.java_texts import unpack_texts
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, StaticMethods, java_class, java_errors_as
from lexlip_lucene.lucene.search.hits import Hits, unpack
from lexlip_lucene.lucene.search.request import NO_FILTERS, pack_filters, pack_queries, utf8
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.searcher import Filters
from lexlip_lucene.text_list import as_texts

_INT_MAX = 2**31 - 1

_HITS_AT_ONCE = 1_000_000
"""The most hits that one crossing brings back, so that progress shows and memory stays bounded."""


class LuceneSearcher:
    """An open Lucene index. Safe to use from several threads; close it, or use it in a `with` block.

    It sees the index as it was when it was opened, or at the last `refresh`.
    """

    kind: ClassVar[str]

    def __init__(self, index: Path | str, *, cache_mb: int | None = None) -> None:
        """Open the index folder `index`.

        Args:
            index: the folder.
            cache_mb: memory for decoded postings, in MB, and for what an approximate search makes of them; without it a
                third of Java's heap serves all searchers.

        Raises:
            InputError: no such folder, or `cache_mb` is out of range.
            SearchError: not an index, one of another kind, or one this version does not read.
        """
        self.path = Path(index)
        cache_bytes = -1 if cache_mb is None else as_int(cache_mb, "cache_mb") << 20
        if cache_mb is not None and not 0 <= cache_bytes < 2**63:
            raise InputError(f"cache_mb must be at least 0 and below 2^43, got {cache_mb}")
        reader = open_reader(self.path)
        with ONE_AT_A_TIME:
            # A static setting of the JVM, 1,024 unless raised: a longer query would be refused, and an encoder that
            # expands a caption may give one.
            java_class("org.apache.lucene.search.IndexSearcher").setMaxClauseCount(_INT_MAX)
            self._java = StaticMethods("lexlip.search.Searches")
            self._engine = self._java.open(reader, CONTENTS, ID, cache_bytes)
        try:
            self.facts = self._facts()
        except SearchError:
            self.close()
            raise

    @property
    def documents(self) -> int:
        """Documents in the index, those without a term among them."""
        with self._errors("count"):
            count: int = self._java.documents(self._engine)
        return count

    def refresh(self) -> bool:
        """See what was committed since; False when nothing was. Searches under way end on what they began with.

        Raises:
            InputError: the index's folder is gone.
            SearchError: the newest commit can't be read, or the searcher is closed; it keeps what it saw.
        """
        require_index_folder(self.path)
        with self._errors("refresh"):
            if not self._java.refresh(self._engine):
                return False
        self.facts = self._facts()
        return True

    def stored(self, docid: str) -> dict[str, str]:
        """Return the stored fields of a document: `id`, and those that `--store` named.

        Raises:
            InputError: the index has no such document.
        """
        with self._errors("read"):
            pairs = self._java.stored(self._engine, utf8(docid))
        if pairs is None:
            raise InputError(f"{self.path} has no document {docid!r}")
        return as_mapping(pairs)

    def keywords(self, most: int = 100) -> dict[str, list[str]]:
        """Return the keyword fields, each with its values in byte order: the first `most` of each segment.

        A field stays a keyword field when the last document that has it is gone; it has no values then.

        Raises:
            SearchError: the index can't be read, or the searcher is closed.
        """
        most = as_int(most, "most")
        names = self._keywords()
        with self._errors("read"):
            values = [self._java.values(self._engine, name, most) for name in names]
        return {name: unpack_texts(packed)[:most] for name, packed in zip(names, values, strict=True)}

    def frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return token → number of documents that have it: the postings a search for it touches.

        Documents that are deleted count until the next merge.

        Raises:
            SearchError: the index can't be read, or the searcher is closed.
        """
        asked = list(dict.fromkeys(as_texts(tokens, "tokens")))
        with self._errors("count"):
            found = self._java.frequencies(self._engine, pack_queries([dict.fromkeys(asked, 1)]))
        return dict(zip(asked, np.frombuffer(found, "<i4").tolist(), strict=True))

    def require_distinct_ids(self) -> None:
        """Raise InputError where two docids would be the same in a run, in which white space is percent-encoded."""
        with self._errors("read"):
            alike = unpack_texts(self._java.writtenAlike(self._engine))
        require_distinct_as_written(alike, "document")

    def close(self) -> None:
        """Close the index. In a forked process it is not open, so nothing happens."""
        if ENTRY.forked():
            return
        self._java.close(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        ENTRY.let_go()

    def _gather(
        self, ids: Sequence[str], answer: Callable[[int, int], bytes], k: int, threads: int, progress: Progress
    ) -> dict[str, Hits]:
        """Return id → hits, where `answer(start, stop)` is Java's answer to the queries from one place to another."""
        at_once = max(_HITS_AT_ONCE // k, threads)

        def found() -> Iterator[Hits]:
            for start in range(0, len(ids), at_once):
                stop = min(start + at_once, len(ids))
                yield from unpack(answer(start, stop), stop - start, self.path)

        return dict(zip(ids, progress.track(found(), "searching", len(ids)), strict=True))

    def _packed_filters(self, filters: Filters, without: Sequence[str] = ()) -> bytes:
        without = as_texts(without, "without")
        if not isinstance(filters, Mapping):
            raise InputError(f"filters must be a mapping of keyword field to value, got {filters!r}")
        if not filters and not without:
            return NO_FILTERS
        values = {field: [value] if isinstance(value, str) else value for field, value in filters.items()}
        for field, value in values.items():
            if not isinstance(value, Collection) or not all(isinstance(one, str) for one in value):
                raise InputError(f"filter {field!r} must be a text, or several, as keywords are, got {value!r}")
        if values:
            known = self._keywords()
            for field, wanted in values.items():
                if field not in known or not wanted:
                    there = ", ".join(known) or "none: index with --keyword"
                    raise InputError(
                        f"filter {field!r} must be a keyword field of {self.path} with at least one value, got "
                        f"{wanted!r}; its keyword fields are {there}"
                    )
        return pack_filters({field: list(value) for field, value in values.items()}, without, CONTENTS)

    def _keywords(self) -> list[str]:
        """Return the keyword fields, also those that no document has any more."""
        with self._errors("read"):
            there = unpack_texts(self._java.keywords(self._engine))
        return sorted({*there, *kept_keywords(self.facts)})

    def _facts(self) -> dict[str, str]:
        with self._errors("read"):
            facts = as_mapping(self._java.facts(self._engine))
        if facts.get("kind", self.kind) != self.kind:
            raise SearchError(f"{self.path}: an index of kind {self.kind} is needed, got {facts['kind']}")
        return checked_facts(self.path, facts)

    def _errors(self, what: str) -> AbstractContextManager[None]:
        if not self._java.ready():
            raise SearchError(
                f"Lucene can't {what} {self.path}: Java's heap is full: close other searchers, or give Java more by "
                "start_jvm(heap=…)"
            )
        return java_errors_as(SearchError, f"Lucene can't {what} {self.path}")

    @staticmethod
    def _checked_counts(k: int, threads: int) -> tuple[int, int]:
        return min(as_count(k, "k"), _INT_MAX), min(as_count(threads, "threads"), _INT_MAX)


def as_mapping(pairs: bytes) -> dict[str, str]:
    """Return what Java gives as names and values in turn."""
    texts = unpack_texts(pairs)
    return dict(zip(texts[::2], texts[1::2], strict=True))
