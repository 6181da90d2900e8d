"""The interface of every engine in the bench. Preparations that an engine needs are outside the timing."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from lexlip_lucene.records import Impacts

Queries: TypeAlias = Mapping[str, Impacts]
"""qid → token → weight."""

Pass: TypeAlias = Callable[[], Any]
"""A call that is timed: it answers its query, or all of its queries, once."""


class Ranking(NamedTuple):
    """An engine's hits for one query, best first; scores as integers."""

    docids: list[str]
    scores: list[int]


class Engine(Protocol):
    """An open index of one system."""

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query, which answers it in the thread that calls."""
        ...

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass | None:
        """Return a pass that hands over all queries in one call; None: this engine has no such call."""
        ...

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        ...

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call if there is such a call; in their order."""
        ...
