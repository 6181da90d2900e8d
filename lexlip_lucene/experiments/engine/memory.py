"""The memory of a system that has answered, measured in a process that does nothing else.

Linux only: it reads /proc. A JVM's memory includes garbage that it saw no need to collect. Index files that are mapped
into memory count as far as they were read.
"""

import multiprocessing
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.experiments.engine.bounds import OURS, SEISMIC, STOCK
from lexlip_lucene.experiments.engine.engine import Engine, Queries
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr

_K = 10


class Resident(NamedTuple):
    """Resident bytes of a process: with its libraries loaded (`before`), and after answering all queries (`after`)."""

    before: int
    after: int


def resident(system: str, index: Path, queries: Queries) -> Resident:
    """Open `index` in a fresh process, answer `queries` once each, k = 10, and return its memory.

    Args:
        system: `OURS`, `STOCK` or `SEISMIC`.
        index: as that system built it.
        queries: the queries.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (system, index, dict(queries)))


def _measure(system: str, index: Path, queries: Queries) -> Resident:
    with stdout_to_stderr():
        load, open_engine = _SYSTEMS[system]
        load()
        before = process_bytes()
        engine = open_engine(index)
        engine.one_by_one(queries, _K)()
        return Resident(before, process_bytes())


def process_bytes() -> int:
    """Return the resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _load_ours() -> None:
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    start_jvm()


def _open_ours(index: Path) -> Engine:
    from lexlip_lucene.experiments.engine.ours import OurEngine
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    return OurEngine(ImpactSearcher(index))


def _load_stock() -> None:
    from lexlip_lucene.experiments.engine.stock import load_pyserini

    load_pyserini()


def _open_stock(index: Path) -> Engine:
    from lexlip_lucene.experiments.engine.stock import StockEngine

    return StockEngine(index)


def _load_seismic() -> None:
    import_module("seismic")


def _open_seismic(index: Path) -> Engine:
    from lexlip_lucene.experiments.engine.seismic import SeismicEngine, SeismicPoint, open_seismic

    return SeismicEngine(open_seismic(index), SeismicPoint(query_cut=32, heap_factor=0.9))


_SYSTEMS: dict[str, tuple[Callable[[], None], Callable[[Path], Engine]]] = {
    OURS: (_load_ours, _open_ours),
    STOCK: (_load_stock, _open_stock),
    SEISMIC: (_load_seismic, _open_seismic),
}
