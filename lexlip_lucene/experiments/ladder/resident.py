"""The memory of a system that has answered, measured in a process that does nothing else (Linux only).

A JVM's memory includes garbage that it saw no need to collect. Files that are mapped into memory count as far as they
were read. The libraries themselves count, as they would in a server.
"""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from lexlip_lucene.errors import MemoryLimitError
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.system import System

_K = 10


def resident_bytes(system: System, folders: Sequence[Path], queries: Queries) -> int:
    """Open a system in a fresh process, answer each query once, and return the bytes that are resident then.

    `folders` are those of the system's `indexes`.

    Raises:
        MemoryLimitError: the process was killed, as Linux does when memory runs out.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_measure, system, folders, queries).result()
        except BrokenProcessPool:
            raise MemoryLimitError(
                f"{system.name}: the process that measures its memory was killed: set up_to of it to a smaller rung"
            ) from None


def _measure(system: System, folders: Sequence[Path], queries: Queries) -> int:
    with stdout_to_stderr():
        opened = [index.open(folder, queries) for index, folder in zip(system.indexes, folders, strict=True)]
        search = system.over(opened, queries)
        for query in range(len(queries.qids)):
            search.one(query, _K)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        for index in opened:
            index.close()
    return pages * os.sysconf("SC_PAGE_SIZE")
