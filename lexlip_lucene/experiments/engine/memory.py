"""The memory of a system that has answered, measured in a process that does nothing else.

Linux only: it reads /proc. A JVM's memory includes garbage that it saw no need to collect. Index files that are mapped
into memory count as far as they were read.
"""

import multiprocessing
import os
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.systems.engine import Queries
from lexlip_lucene.experiments.engine.systems.registry import SYSTEMS

_K = 10


class Resident(NamedTuple):
    """Resident bytes of a process: with its libraries loaded (`before`), and after answering all queries (`after`)."""

    before: int
    after: int


def resident(system: str, index: Path, queries: Queries) -> Resident:
    """Open `index` in a fresh process, answer `queries` once each, k = 10, and return its memory.

    Args:
        system: its name in `SYSTEMS`.
        index: as that system built it.
        queries: the queries.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (system, index, dict(queries)))


def _measure(system: str, index: Path, queries: Queries) -> Resident:
    with stdout_to_stderr():
        SYSTEMS[system].load()
        before = process_bytes()
        opened = SYSTEMS[system].open(index)
        for answer in opened.ordinary.one_by_one(queries, _K):
            answer()
        return Resident(before, process_bytes())


def process_bytes() -> int:
    """Return the resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
