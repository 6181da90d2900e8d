"""The whole run: vectors, builds, memory, agreement, operating points, times, and the bounds they are held to.

All files are in one folder: `data/` and `states/` (see data.py, photos.py), `builds-lucene-9.9.1/` (builds.py) and
the report of each Lucene, `report-lucene-9.9.1.json` and `.md`.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.engine.agreement import require_same_hits
from lexlip_lucene.experiments.engine.bounds import APPROXIMATE, BATCH, OURS, SEARCH, SEISMIC, STOCK, Cell, Row, judged
from lexlip_lucene.experiments.engine.builds import Build, Builder
from lexlip_lucene.experiments.engine.data import BenchData, Source, prepared
from lexlip_lucene.experiments.engine.dense import Dense, measured_dense
from lexlip_lucene.experiments.engine.engine import Engine, Pass, Queries
from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.engine.memory import Resident, resident
from lexlip_lucene.experiments.engine.ours import OurEngine, approximate_points
from lexlip_lucene.experiments.engine.queries import TERMS
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.recall import DEEPER, MeasuredPoint, measured_points
from lexlip_lucene.experiments.engine.stock import StockEngine
from lexlip_lucene.experiments.engine.timing import Spread, interleaved
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress

DENSE = "dense"
SYSTEMS = (OURS, STOCK, SEISMIC, DENSE)
DEPTHS = (10, 1000)

_PACKAGES = {SEISMIC: "seismic", DENSE: "faiss"}
"""System → the module of its optional package."""

MISSING = "not installed: pip install 'lexlip-lucene[bench]'"


@dataclass(frozen=True)
class Settings:
    """The settings of a measurement.

    Raises:
        InputError: a number below 1, an unknown system, or ours is missing, which all others are compared with.
    """

    systems: tuple[str, ...] = SYSTEMS
    repeats: int = 5
    build_repeats: int = 1
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("repeats", "build_repeats", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name.replace('_', ' ')} must be at least 1, got {getattr(self, name)}")
        if not set(self.systems) <= set(SYSTEMS) or OURS not in self.systems:
            raise InputError(
                f"systems must be {OURS!r} and any of {', '.join(map(repr, SYSTEMS[1:]))}, got {','.join(self.systems)}"
            )

    @property
    def missing(self) -> dict[str, str]:
        """Wanted systems that are not installed → the remedy."""
        return {name: MISSING for name, module in _PACKAGES.items() if name in self.systems and not find_spec(module)}

    @property
    def installed(self) -> tuple[str, ...]:
        """Wanted systems that are installed."""
        return tuple(name for name in self.systems if name not in self.missing)


class Figures(NamedTuple):
    """All measured figures.

    Attributes:
        builds: system → its build.
        memory: system → the memory of its process.
        agreed: queries whose hits were compared with stock's, over all numbers of terms and k.
        points: terms → system → its operating points; the chosen ones were timed.
        cells: timed search → system → milliseconds a query.
        dense: flat dense search; None if it was left out.
        stock_by: the class that answered for stock.
    """

    builds: dict[str, Build]
    memory: dict[str, Resident]
    agreed: int
    points: dict[int, dict[str, list[MeasuredPoint]]]
    cells: dict[Cell, dict[str, Spread]]
    dense: Dense | None
    stock_by: str | None


class Measured(NamedTuple):
    """A run: machine, data, settings, figures, and the bounds."""

    machine: dict[str, Any]
    data: BenchData
    settings: Settings
    figures: Figures
    rows: list[Row]


def measure(source: Source, output: Path, settings: Settings, *, force: bool, progress: Progress) -> Measured:
    """Make the vectors, build, check and time.

    Raises:
        OutputError: `output` holds the vectors of another request and `force` is off.
        SearchError: our hits are not stock's.
        LexlipError: data, Java or an index is damaged or missing.
    """
    facts = machine()
    for system, remedy in settings.missing.items():
        progress.note(f"{system} is {remedy}")
    data = prepared(source, output / "data", force=force, progress=progress)
    builder = Builder(data, output / f"builds-lucene-{facts['lucene']}", settings.threads, progress)
    builds = builder.builds(settings.installed, settings.build_repeats)
    figures = _Run(data, settings, builds, progress).figures()
    per_posting = {name: build.index_bytes / max(data.postings, 1) for name, build in builds.items()}
    rows = judged({name: build.seconds for name, build in builds.items()}, per_posting, figures.cells)
    return Measured(facts, data, settings, figures, rows)


@dataclass(frozen=True)
class _Run:
    data: BenchData
    settings: Settings
    builds: Mapping[str, Build]
    progress: Progress

    def figures(self) -> Figures:
        memory = self._memory()
        with ExitStack() as opened, stdout_to_stderr():
            ours = OurEngine(ImpactSearcher(self.builds[OURS].path))
            opened.callback(ours.close)
            stock = StockEngine(self.builds[STOCK].path) if STOCK in self.builds else None
            agreed = self._agreed(ours, stock) if stock else 0
            points, engines = self._approximate(ours)
            exact: dict[str, Engine] = {OURS: ours, **({STOCK: stock} if stock else {})}
            cells = self._cells(exact, engines)
            dense = self._dense()
        return Figures(
            builds=dict(self.builds),
            memory=memory,
            agreed=agreed,
            points=points,
            cells=cells,
            dense=dense,
            stock_by=stock.how if stock else None,
        )

    def _memory(self) -> dict[str, Resident]:
        queries = self.data.queries(TERMS[-1])
        systems = [name for name in (OURS, STOCK, SEISMIC) if name in self.builds]
        tracked = self.progress.track(systems, "memory", len(systems))
        return {name: resident(name, self.builds[name].path, queries) for name in tracked}

    def _agreed(self, ours: Engine, stock: Engine) -> int:
        return sum(
            require_same_hits(ours, stock, self.data.queries(terms), k, threads=self.settings.threads)
            for terms in TERMS
            for k in DEPTHS
        )

    def _approximate(
        self, ours: OurEngine
    ) -> tuple[dict[int, dict[str, list[MeasuredPoint]]], dict[int, dict[str, Engine]]]:
        """Measure all operating points, by terms and system; return them, and the engines at the chosen ones."""
        points: dict[int, dict[str, list[MeasuredPoint]]] = {terms: {} for terms in TERMS}
        engines: dict[int, dict[str, Engine]] = {terms: {} for terms in TERMS}
        for terms in TERMS:
            queries = self.data.queries(terms)
            exact = ours.rankings(queries, DEEPER)
            variants = {APPROXIMATE: self._our_points(ours), SEISMIC: self._seismic_points(terms)}
            for system, candidates in variants.items():
                measured = measured_points(candidates, queries, exact, threads=self.settings.threads)
                points[terms][system] = measured
                for point in measured:
                    if point.chosen:
                        engines[terms][system] = candidates[point.name]
        return points, engines

    def _our_points(self, ours: OurEngine) -> dict[str, Engine]:
        return {name: ours.at(point) for name, point in approximate_points().items()}

    def _seismic_points(self, terms: int) -> dict[str, Engine]:
        if SEISMIC not in self.builds:
            return {}
        from lexlip_lucene.experiments.engine.seismic import SeismicEngine, open_seismic, seismic_points

        index = open_seismic(self.builds[SEISMIC].path)
        return {name: SeismicEngine(index, point) for name, point in seismic_points(terms).items()}

    def _cells(
        self, exact: Mapping[str, Engine], approximate: Mapping[int, Mapping[str, Engine]]
    ) -> dict[Cell, dict[str, Spread]]:
        """Time every cell; approximate engines take part at k = 10, for which their recall is known."""
        cells = [Cell(terms, k, mode) for terms in TERMS for k in DEPTHS for mode in (SEARCH, BATCH)]
        timed = {}
        for cell in self.progress.track(cells, "timing", len(cells)):
            queries = self.data.queries(cell.terms)
            engines = {**exact, **(approximate[cell.terms] if cell.k == DEPTHS[0] else {})}
            passes = {name: self._pass(engine, queries, cell) for name, engine in engines.items()}
            seconds = interleaved(passes, repeats=self.settings.repeats)
            timed[cell] = {
                name: Spread(*(1000 * value / len(queries) for value in spread)) for name, spread in seconds.items()
            }
        return timed

    def _pass(self, engine: Engine, queries: Queries, cell: Cell) -> Pass:
        if cell.mode == SEARCH:
            return engine.one_by_one(queries, cell.k)
        return engine.all_at_once(queries, cell.k, self.settings.threads)

    def _dense(self) -> Dense | None:
        if DENSE not in self.settings.installed:
            return None
        self.progress.note("flat dense search")
        repeats, threads = self.settings.repeats, self.settings.threads
        return measured_dense(self.data.documents, repeats=repeats, threads=threads, depths=DEPTHS)
