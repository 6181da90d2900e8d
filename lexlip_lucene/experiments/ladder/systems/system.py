"""What the ladder asks of every system: build an index of a rung, open it, answer a topic, answer many.

A system is a small value that can be sent to another process, where its memory is measured. What a query needs before
it can be searched (its vector) is made beforehand and timed apart; what a system does with text (BM25's analysis) is
part of its search.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.progress import Progress

Form = Literal["text", "lexicon", "dense"]
"""What a query is when a search begins."""


class Built(NamedTuple):
    """What an index came to: seconds from vectors or texts at hand to closed files on disk, and its bytes."""

    seconds: float
    index_bytes: int


class Found(NamedTuple):
    """An answer, best first, as every system gives it: the rung's docids, as text or as number, and scores."""

    docids: Sequence[str] | Sequence[int]
    scores: Sequence[float]


class Opened(Protocol):
    """An open index and the queries that it will be asked."""

    def one(self, query: int, k: int) -> Found:
        """Answer the query at that place, in one thread."""
        ...

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Found]:
        """Answer the queries at those places in one call, in their order."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...


class System(Protocol):
    """A system under test."""

    @property
    def name(self) -> str:
        """How tables call it."""
        ...

    @property
    def asks(self) -> Form:
        """The form of its queries."""
        ...

    @property
    def source(self) -> str:
        """Whose vectors it searches: `OURS`, or another model's."""
        ...

    def open(self, folder: Path, queries: Queries) -> Opened:
        """Open the index `folder`."""
        ...


class Indexed(System, Protocol):
    """A system with an index of its own."""

    @property
    def built_by(self) -> str:
        """The libraries that build it and their versions: another version may build another index."""
        ...

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Build the index `folder`, whole or not at all, replacing what is there."""
        ...
