"""How much memory a system holds once it has answered, measured in a process that does nothing else (Linux only).

What a JVM holds includes garbage that it saw no need to collect; files that are mapped into memory count as far as they
were read. The libraries themselves count: what is measured is what a server would take.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from lexlip_lucene.errors import MemoryLimitError
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.system import System

_K = 10


def resident_bytes(system: System, folder: Path, queries: Queries) -> int:
    """Open the index in a fresh process, answer each query once, and return the bytes that are resident then.

    Raises:
        MemoryLimitError: the process was killed, as the system does where memory runs out.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_measure, system, folder, queries).result()
        except BrokenProcessPool:
            raise MemoryLimitError(
                f"{system.name}: the process that measures its memory was killed: set up_to of it to a smaller rung"
            ) from None


def _measure(system: System, folder: Path, queries: Queries) -> int:
    with stdout_to_stderr():
        opened = system.open(folder, queries)
        for query in range(len(queries.qids)):
            opened.one(query, _K)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        opened.close()
    return pages * os.sysconf("SC_PAGE_SIZE")
