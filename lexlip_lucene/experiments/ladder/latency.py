"""Latency of topics, one at a time: percentiles over topics, of several repeats in which systems take turns."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.engine.timing import Spread, interleaved, rotated

PERCENTILES = (50, 95, 99)


class Latency(NamedTuple):
    """Milliseconds at the 50th, 95th and 99th percentile of the topics, and queries a second.

    Each is the median of the repeats, with the smallest and the largest of them; `one` is in one thread.
    """

    p50: Spread
    p95: Spread
    p99: Spread
    one: Spread


Times = NDArray[np.float64]
"""(repeats, topics) seconds."""


def timed(answers: Mapping[str, Callable[[int], object]], *, topics: int, repeats: int) -> dict[str, Times]:
    """Time every topic of every system, one at a time; each repeat begins with another system.

    Args:
        answers: system → answers the topic of that number.
        topics: their number.
        repeats: at least 1; one more comes before them, untimed.
    """
    times = {name: np.zeros((repeats, topics)) for name in answers}
    names = list(answers)
    for name in names:
        for topic in range(topics):
            answers[name](topic)
    for repeat in range(repeats):
        for name in rotated(names, repeat):
            answer, row = answers[name], times[name][repeat]
            for topic in range(topics):
                begun = time.perf_counter()
                answer(topic)
                row[topic] = time.perf_counter() - begun
    return times


def latency_of(times: Times) -> Latency:
    """Return the percentiles of times (repeats, topics) in seconds."""
    percentiles = np.percentile(1000 * times, PERCENTILES, axis=1)
    p50, p95, p99 = (Spread.of(row.tolist()) for row in percentiles)
    return Latency(p50, p95, p99, Spread.of((1 / times.mean(axis=1)).tolist()))


def batch_rates(calls: Mapping[str, Callable[[], object]], *, topics: int, repeats: int) -> dict[str, Spread]:
    """Return system → queries a second when all topics are handed over in one call."""
    seconds = interleaved(calls, repeats=repeats)
    return {name: Spread(topics / s.median, topics / s.high, topics / s.low) for name, s in seconds.items()}
