"""What the ladder asks of every system: build an index of a rung, open it, answer a topic, answer many.

A system is a small value that can be sent to another process, where its memory is measured. What a query needs before
it can be searched (its vector) is made beforehand and timed apart; what a system does with text (BM25's analysis) is
part of its search.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from lexlip_lucene.ladder_documents.document_store import DocumentStore
from lexlip_lucene.ladder_documents.queries import Queries
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Hit

Form = Literal["text", "lexicon", "dense"]
"""What a query is when a search begins."""


class Rung(NamedTuple):
    """The first `documents` of a store, and the folder in which systems build their indexes of them."""

    store: DocumentStore
    documents: int
    folder: Path


class Built(NamedTuple):
    """What an index came to: seconds from vectors or texts at hand to a finished index on disk, and its bytes."""

    seconds: float
    index_bytes: int


class Opened(Protocol):
    """An open index and the queries that it will be asked."""

    def one(self, query: int, k: int) -> Sequence[Hit]:
        """Answer the query at that place, in one thread; docids and scores are there when it returns."""
        ...

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Sequence[Hit]]:
        """Answer the queries at those places in one call, in their order."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...


class System(Protocol):
    """A system under test; `name` is how tables call it."""

    @property
    def name(self) -> str:
        """How tables call it."""
        ...

    @property
    def asks(self) -> Form:
        """The form of its queries."""
        ...

    def build(self, rung: Rung, folder: Path, progress: Progress) -> Built:
        """Build the index `folder`, whole or not at all, replacing what is there."""
        ...

    def open(self, folder: Path, queries: Queries) -> Opened:
        """Open it."""
        ...
