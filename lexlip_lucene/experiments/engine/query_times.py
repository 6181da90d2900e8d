"""Times of single queries, wall and CPU side by side: on a machine that is busy, only the second is the query's own."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from lexlip_lucene.experiments.engine.timing import rotated

Times: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
"""Milliseconds (repeats, queries, wall and CPU)."""


class QueryTimes(NamedTuple):
    """Milliseconds of a query: median and 99th percentile, each the median of the repeats; `cpu` is of the thread."""

    median: float
    p99: float
    cpu_median: float
    cpu_p99: float

    @classmethod
    def of(cls, times: Times) -> "QueryTimes":
        """Return the times of all repeats and queries."""
        middle, late = np.percentile(times, (50, 99), axis=1)
        (median, cpu_median), (p99, cpu_p99) = np.median(middle, axis=0), np.median(late, axis=0)
        return cls(float(median), float(p99), float(cpu_median), float(cpu_p99))


def times_of_all(answers: Mapping[str, Callable[[int], object]], queries: int, repeats: int) -> dict[str, Times]:
    """Time every query of every way, one at a time in this thread; each repeat begins with another way.

    Args:
        answers: way → answers the query of that number.
        queries: their number, at least 1.
        repeats: at least 1; one more comes before them, untimed.
    """
    taken = {name: np.zeros((repeats, queries, 2)) for name in answers}
    for answer in answers.values():
        for query in range(queries):
            answer(query)
    for repeat in range(repeats):
        for name in rotated(list(answers), repeat):
            for query in range(queries):
                begun = time.perf_counter(), time.thread_time()
                answers[name](query)
                taken[name][repeat, query] = time.perf_counter() - begun[0], time.thread_time() - begun[1]
    return {name: 1000 * times for name, times in taken.items()}


def timed_queries(answers: Mapping[str, Callable[[int], object]], queries: int, repeats: int) -> dict[str, QueryTimes]:
    """Return the times of every way; arguments as in `times_of_all`."""
    return {name: QueryTimes.of(times) for name, times in times_of_all(answers, queries, repeats).items()}
