"""Times of several systems that can be compared: all of them in every repeat, each time in another order.

Whatever slows the machine for a while then slows all of them, and none is always the one that finds the caches warm.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Median, smallest and largest of the repeats, all in one unit."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the spread of at least one value."""
        values = list(values)
        return cls(statistics.median(values), min(values), max(values))


def rotated(names: Sequence[str], repeat: int) -> list[str]:
    """Return `names` from another one on in each repeat: a b c, b c a, c a b, a b c, …"""
    start = repeat % len(names)
    return [*names[start:], *names[:start]]


def interleaved(passes: Mapping[str, Callable[[], object]], *, repeats: int, warm_up: bool = True) -> dict[str, Spread]:
    """Run every pass once a repeat and return its seconds.

    Args:
        passes: name → what is timed; at least one.
        repeats: at least 1.
        warm_up: run each once before, untimed: Java compiles what it has run often enough.
    """
    if warm_up:
        for run in passes.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    for repeat in range(repeats):
        for name in rotated(list(passes), repeat):
            begun = time.perf_counter()
            passes[name]()
            seconds[name].append(time.perf_counter() - begun)
    return {name: Spread.of(values) for name, values in seconds.items()}
