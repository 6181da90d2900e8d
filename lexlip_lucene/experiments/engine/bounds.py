"""The bounds that this bridge is held to, and their comparison with a run's figures.

A bound is a ratio of two figures: stock's seconds over ours must be at least 10 for building; our bytes over stock's
at most 0.8. 20 s against 204 s give 10.2: held. The bounds are for 1,000,000 documents of about 62 postings, and
printed for any data.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.experiments.engine.systems.ours import APPROXIMATE, ORDERED, Ours
from lexlip_lucene.experiments.engine.systems.seismic import Seismic
from lexlip_lucene.experiments.engine.systems.stock import Stock
from lexlip_lucene.experiments.engine.timing import Spread

OURS, STOCK, SEISMIC = Ours.name, Stock.name, Seismic.name

SEARCH, BATCH = "search", "search_batch"
"""One query at a time, or all in one call."""

BUILD_AT_LEAST, BYTES_AT_MOST = 10.0, 0.8
SEARCH_AT_LEAST = {(8, 1000): 5.0, (32, 1000): 5.0, (32, 10): 2.5, (8, 10): 1.5}
"""(terms, k) → the least speed as a multiple of stock's."""

APPROXIMATE_AT_LEAST, SEISMIC_AT_LEAST = 2.5, 1.0
"""At recall@10 ≥ 0.99, 32 terms: against our exact search, and against Seismic."""


class Cell(NamedTuple):
    """A timed search: queries of `terms` terms, k hits, `SEARCH` or `BATCH`."""

    terms: int
    k: int
    mode: str


class Row(NamedTuple):
    """A bound beside the measured figures; one that was not measured is None, and `held` with it.

    `bound` reads "≥ 10" or "≤ 0.8", about `ratio`; `against` is the system that `theirs` is of.
    """

    what: str
    unit: str
    ours: float | None
    against: str
    theirs: float | None
    ratio: float | None
    bound: str
    held: bool | None


def judged(
    builds: Mapping[str, Spread], bytes_per_posting: Mapping[str, float], cells: Mapping[Cell, Mapping[str, Spread]]
) -> list[Row]:
    """Return a row for every bound.

    Args:
        builds: system → seconds.
        bytes_per_posting: system → bytes of its index for each posting.
        cells: timed search → system → milliseconds a query.
    """
    seconds = {system: spread.median for system, spread in builds.items()}
    rows = [_times("build, one segment", "s", seconds, (OURS, STOCK), BUILD_AT_LEAST)]
    for (terms, k), least in SEARCH_AT_LEAST.items():
        for mode in (SEARCH, BATCH):
            figures = _medians(cells, Cell(terms, k, mode))
            rows.append(_times(f"{mode}, {terms} terms, k={k}", "ms", figures, (OURS, STOCK), least))
    figures = _medians(cells, Cell(32, 10, SEARCH))
    what = "approximate at recall@10 ≥ 0.99, 32 terms, k=10"
    rows.append(_times(what, "ms", figures, (APPROXIMATE, OURS), APPROXIMATE_AT_LEAST))
    rows.append(_times(what, "ms", figures, (APPROXIMATE, SEISMIC), SEISMIC_AT_LEAST))
    ours, stock = bytes_per_posting.get(ORDERED), bytes_per_posting.get(STOCK)
    ratio = ours / stock if ours is not None and stock else None
    held = None if ratio is None else ratio <= BYTES_AT_MOST
    rows.append(
        Row(
            what="index after ordering",
            unit="B/posting",
            ours=ours,
            against=STOCK,
            theirs=stock,
            ratio=ratio,
            bound=f"≤ {BYTES_AT_MOST:g}",
            held=held,
        )
    )
    return rows


def not_held(rows: Sequence[Row]) -> list[str]:
    """Return a line for each bound that was missed, with its ratio, or not measured; [] if all are held."""
    return [
        f"{row.what} against {row.against}: "
        + ("not measured" if row.ratio is None else f"{row.ratio:.2f}, bound {row.bound}")
        for row in rows
        if not row.held
    ]


def _times(what: str, unit: str, figures: Mapping[str, float], systems: tuple[str, str], least: float) -> Row:
    """Return the bound on the time of the second of `systems` as a multiple of the first's."""
    ours, theirs = (figures.get(system) for system in systems)
    ratio = theirs / ours if ours and theirs else None
    held = None if ratio is None else ratio >= least
    return Row(
        what=what,
        unit=unit,
        ours=ours,
        against=systems[1],
        theirs=theirs,
        ratio=ratio,
        bound=f"≥ {least:g}",
        held=held,
    )


def _medians(cells: Mapping[Cell, Mapping[str, Spread]], cell: Cell) -> dict[str, float]:
    return {system: spread.median for system, spread in cells.get(cell, {}).items()}
