"""A ladder's systems: what each builds, how it searches, and what it shares with others.

A system is a small value that can be sent to another process, where its memory is measured. The vector of a query is
made beforehand and timed apart; work on a query's text (BM25's analysis) is part of the search.

The rung asks a system for its `indexes`. Indexes of one name are one index: it is built once and opened once, and all
systems that name it search it. Most systems have one index of their own (`OwnIndex`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.progress import Progress

Form = Literal["text", "lexicon", "dense"]
"""The form of a query when a search begins."""


class Built(NamedTuple):
    """The cost of an index: seconds from vectors or texts at hand to closed files on disk, and its bytes."""

    seconds: float
    index_bytes: int


class Answer(NamedTuple):
    """The hits of a query, best first: the rung's docids, as texts or as numbers, and their scores."""

    docids: Sequence[str] | Sequence[int]
    scores: Sequence[float]


class Search(Protocol):
    """A system that is ready to answer the queries that it was opened with."""

    def one(self, query: int, k: int) -> Answer:
        """Answer the query at that place, in one thread."""
        ...

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        """Answer the queries at those places in one call, in their order."""
        ...


class OpenIndex(Search, Protocol):
    """An open index."""

    def close(self) -> None:
        """Close the index and free its memory."""
        ...


class Index(Protocol):
    """An index of a rung's documents.

    Its `repr` is part of the fingerprint of the built files, so it must contain every setting that the files depend on.
    """

    @property
    def name(self) -> str:
        """The name in tables of the system that builds it; names the folder, too."""
        ...

    @property
    def source(self) -> str:
        """The source of its vectors: `OURS`, or another model's."""
        ...

    @property
    def built_by(self) -> str:
        """The libraries that build it and their versions: another version may build another index."""
        ...

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Build the index `folder`, whole or not at all, and replace an earlier one."""
        ...

    def open(self, folder: Path, queries: Queries) -> OpenIndex:
        """Open the index `folder` for these queries."""
        ...


class System(Protocol):
    """A system under test."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    @property
    def asks(self) -> Form:
        """The form of its queries."""
        ...

    @property
    def source(self) -> str:
        """The source of its queries' vectors: `OURS`, or another model's."""
        ...

    @property
    def indexes(self) -> Sequence[Index]:
        """The indexes that it searches, its own or others'."""
        ...

    @property
    def compared_with(self) -> Sequence[str]:
        """The systems that its R@10 is compared with, where they are at the same rung."""
        ...

    def over(self, opened: Sequence[OpenIndex], queries: Queries) -> Search:
        """Return its search over its open `indexes`, which are in their order."""
        ...

    def postings(self, folders: Sequence[Path], queries: Queries) -> float | None:
        """Return the postings of a query's tokens, the mean over the queries.

        None if the system has no postings, or skips most of them by design. `folders` are those of its `indexes`.
        """
        ...


class OwnIndex:
    """Base of a system that builds one index and searches it: such a system is its own index."""

    @property
    def indexes(self: Index) -> Sequence[Index]:
        """The system itself."""
        return (self,)

    @property
    def compared_with(self) -> Sequence[str]:
        """No system."""
        return ()

    def over(self, opened: Sequence[OpenIndex], queries: Queries) -> Search:
        """Return the open index."""
        return opened[0]

    def postings(self, folders: Sequence[Path], queries: Queries) -> float | None:
        """Return None."""
        return None
