"""The interface of every engine in the bench. Preparations that an engine needs are outside the timing."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from lexlip_lucene.records import Impacts

Queries: TypeAlias = Mapping[str, Impacts]
"""qid → token → weight."""

Pass: TypeAlias = Callable[[], object]
"""A call that is timed: it answers all of its queries once."""


class Ranking(NamedTuple):
    """An engine's hits for one query, best first; scores as integers."""

    docids: list[str]
    scores: list[int]


class Engine(Protocol):
    """An open index of one system."""

    def one_by_one(self, queries: Queries, k: int) -> Pass:
        """Return a pass that answers the queries one at a time, in one thread."""
        ...

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that hands over all queries in one call."""
        ...

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        ...

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call; in their order."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...
