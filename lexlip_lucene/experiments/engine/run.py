"""The whole run: vectors, builds, memory, agreement, operating points, times, and the bounds they are held to.

All files are in one folder: `data/`, `data-ordered/` and `states/` (see data.py, ordered.py, photos.py),
`builds-lucene-9.9.1/` (builds.py) and the report of each Lucene, `report-lucene-9.9.1.json` and `.md`. What is of
ordered documents has a name that begins with `ordered-`.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, get_args

from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.engine.agreement import require_same_hits
from lexlip_lucene.experiments.engine.bounds import BATCH, OURS, SEARCH, STOCK, Cell, Row, judged
from lexlip_lucene.experiments.engine.builds import Build, Builder
from lexlip_lucene.experiments.engine.data import BenchData, Source, prepared
from lexlip_lucene.experiments.engine.dense import Dense, measured_dense
from lexlip_lucene.experiments.engine.disagreement import Disagreement, disagreement
from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.engine.memory import Resident, resident
from lexlip_lucene.experiments.engine.ordered import OrderedVectors
from lexlip_lucene.experiments.engine.queries import TERMS
from lexlip_lucene.experiments.engine.query_times import QueryTimes, times_of_all
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.recall import DEEPER, MeasuredPoint, measured_points
from lexlip_lucene.experiments.engine.systems.engine import Engine, Pass
from lexlip_lucene.experiments.engine.systems.ours import OurEngine, Ours
from lexlip_lucene.experiments.engine.systems.registry import SYSTEMS as MEASURED
from lexlip_lucene.experiments.engine.systems.stock import StockEngine
from lexlip_lucene.experiments.engine.systems.system import Opened
from lexlip_lucene.experiments.engine.timing import Spread, interleaved
from lexlip_lucene.lucene.search.impact_searcher import Execution
from lexlip_lucene.progress import Progress

DENSE = "dense"
SYSTEMS = (*MEASURED, DENSE)
DEPTHS = (10, 1000)

DENSE_MODULE = "faiss"

MISSING = "not installed: pip install 'lexlip-lucene[bench]'"


@dataclass(frozen=True)
class Settings:
    """The settings of a measurement; ours is searched by each of `executions` as well, and `order` brings the documents
    into the order of `lexlip index --order` for all systems.

    Raises:
        InputError: a number below 1, an unknown system or execution, or ours is missing, which all others are compared
            with.
    """

    systems: tuple[str, ...] = SYSTEMS
    repeats: int = 5
    build_repeats: int = 1
    threads: int = 2
    executions: tuple[Execution, ...] = ()
    order: bool = False

    def __post_init__(self) -> None:
        for name in ("repeats", "build_repeats", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name.replace('_', ' ')} must be at least 1, got {getattr(self, name)}")
        if not set(self.systems) <= set(SYSTEMS) or OURS not in self.systems:
            raise InputError(
                f"systems must be {OURS!r} and any of {', '.join(map(repr, SYSTEMS[1:]))}, got {','.join(self.systems)}"
            )
        if not set(self.executions) <= set(get_args(Execution)):
            known = ", ".join(map(repr, get_args(Execution)))
            raise InputError(f"executions must be any of {known}, got {','.join(self.executions)}")

    @property
    def missing(self) -> dict[str, str]:
        """Wanted systems that are not installed → the remedy."""
        return {name: MISSING for name in self.systems if not _installed(name)}

    @property
    def installed(self) -> tuple[str, ...]:
        """Wanted systems that are installed."""
        return tuple(name for name in self.systems if name not in self.missing)

    @property
    def measured(self) -> tuple[str, ...]:
        """Those of them that search the vectors of the bench."""
        return tuple(name for name in self.installed if name != DENSE)


def _installed(name: str) -> bool:
    return find_spec(DENSE_MODULE) is not None if name == DENSE else MEASURED[name].installed


class Figures(NamedTuple):
    """All measured figures.

    Attributes:
        builds: system → its build.
        memory: system → the memory of its process.
        agreed: queries whose hits were compared with stock's, over all numbers of terms and k.
        disagreements: terms, k → engine that claims to be exact → how often its answers are not ours.
        points: terms → system → its operating points; the chosen ones were timed.
        cells: timed search → system → milliseconds a query, the mean over queries.
        times: timed search, of one query at a time → system → milliseconds of the queries, wall and CPU.
        dense: flat dense search; None if it was left out.
        stock_by: the class that answered for stock.
    """

    builds: dict[str, Build]
    memory: dict[str, Resident]
    agreed: int
    disagreements: dict[tuple[int, int], dict[str, Disagreement]]
    points: dict[int, dict[str, list[MeasuredPoint]]]
    cells: dict[Cell, dict[str, Spread]]
    times: dict[Cell, dict[str, QueryTimes]]
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
    name = f"builds-lucene-{facts['lucene']}"
    if settings.order:
        data = prepared(OrderedVectors(data), output / "data-ordered", force=force, progress=progress)
        name = f"ordered-{name}"
    builder = Builder(data, output / name, settings.threads, progress)
    builds = builder.builds(settings.measured, settings.build_repeats)
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
        with ExitStack() as closing, stdout_to_stderr():
            opened = self._opened(closing)
            exact = {name: engine for each in opened.values() for name, engine in each.exact.items()}
            agreed = self._agreed(exact[OURS], exact[STOCK]) if STOCK in exact else 0
            disagreements = self._disagreements(exact)
            points, engines = self._approximate(opened, exact[OURS])
            cells, times = self._cells(exact, engines)
            dense = self._dense()
            stock = exact.get(STOCK)
        return Figures(
            builds=dict(self.builds),
            memory=memory,
            agreed=agreed,
            disagreements=disagreements,
            points=points,
            cells=cells,
            times=times,
            dense=dense,
            stock_by=stock.how if isinstance(stock, StockEngine) else None,
        )

    def _memory(self) -> dict[str, Resident]:
        queries = self.data.queries(TERMS[-1])
        systems = self.settings.measured
        tracked = self.progress.track(systems, "memory", len(systems))
        return {name: resident(name, self.builds[name].path, queries) for name in tracked}

    def _opened(self, closing: ExitStack) -> dict[str, Opened]:
        """Open the index of every system, ours first."""
        systems = {**MEASURED, OURS: Ours(self.settings.executions)}
        opened = {}
        for name in sorted(self.settings.measured, key=list(systems).index):
            opened[name] = systems[name].open(self.builds[name].path)
            closing.callback(opened[name].close)
        return opened

    def _agreed(self, ours: Engine, stock: Engine) -> int:
        return sum(
            require_same_hits(ours, stock, self.data.queries(terms), k, threads=self.settings.threads)
            for terms in TERMS
            for k in DEPTHS
        )

    def _disagreements(self, exact: Mapping[str, Engine]) -> dict[tuple[int, int], dict[str, Disagreement]]:
        """Compare all answers of every other engine that claims to be exact with ours."""
        ours = exact[OURS]
        assert isinstance(ours, OurEngine)
        counted: dict[tuple[int, int], dict[str, Disagreement]] = {}
        cells = [(terms, k) for terms in TERMS for k in DEPTHS]
        for terms, k in self.progress.track(cells, "comparing answers", len(cells)):
            queries = self.data.queries(terms)
            wanted = ours.rankings(queries, k)
            counted[terms, k] = {
                name: disagreement(engine, queries, wanted, k, ours.score)
                for name, engine in exact.items()
                if name != OURS
            }
        return counted

    def _approximate(
        self, opened: Mapping[str, Opened], ours: Engine
    ) -> tuple[dict[int, dict[str, list[MeasuredPoint]]], dict[int, dict[str, Engine]]]:
        """Measure all operating points, by terms and system; return them, and the engines at the chosen ones."""
        points: dict[int, dict[str, list[MeasuredPoint]]] = {terms: {} for terms in TERMS}
        engines: dict[int, dict[str, Engine]] = {terms: {} for terms in TERMS}
        for terms in TERMS:
            queries = self.data.queries(terms)
            exact = ours.rankings(queries, DEEPER)
            for system in opened.values():
                if system.approximate is None:
                    continue
                candidates = system.points(terms)
                measured = measured_points(candidates, queries, exact, threads=self.settings.threads)
                points[terms][system.approximate] = measured
                for point in measured:
                    if point.chosen:
                        engines[terms][system.approximate] = candidates[point.name]
        return points, engines

    def _cells(
        self, exact: Mapping[str, Engine], approximate: Mapping[int, Mapping[str, Engine]]
    ) -> tuple[dict[Cell, dict[str, Spread]], dict[Cell, dict[str, QueryTimes]]]:
        """Time every cell; approximate engines take part at k = 10, for which their recall is known."""
        cells = [Cell(terms, k, mode) for terms in TERMS for k in DEPTHS for mode in (SEARCH, BATCH)]
        timed: dict[Cell, dict[str, Spread]] = {}
        times: dict[Cell, dict[str, QueryTimes]] = {}
        for cell in self.progress.track(cells, "timing", len(cells)):
            engines = {**exact, **(approximate[cell.terms] if cell.k == DEPTHS[0] else {})}
            if cell.mode == SEARCH:
                timed[cell], times[cell] = self._one_by_one(engines, cell)
            else:
                timed[cell] = self._all_at_once(engines, cell)
        return timed, times

    def _one_by_one(self, engines: Mapping[str, Engine], cell: Cell) -> tuple[dict[str, Spread], dict[str, QueryTimes]]:
        """Return each repeat's mean wall time of a query, and the times of the queries."""
        queries = self.data.queries(cell.terms)
        answers = {name: partial(_answer, engine.one_by_one(queries, cell.k)) for name, engine in engines.items()}
        found = times_of_all(answers, len(queries), self.settings.repeats)
        means = {name: Spread.of(times[:, :, 0].mean(axis=1).tolist()) for name, times in found.items()}
        return means, {name: QueryTimes.of(times) for name, times in found.items()}

    def _all_at_once(self, engines: Mapping[str, Engine], cell: Cell) -> dict[str, Spread]:
        """Return milliseconds a query of the engines that take many queries in a call."""
        queries, threads = self.data.queries(cell.terms), self.settings.threads
        passes = {name: engine.all_at_once(queries, cell.k, threads) for name, engine in engines.items()}
        known = {name: each for name, each in passes.items() if each is not None}
        seconds = interleaved(known, repeats=self.settings.repeats)
        return {name: Spread(*(1000 * value / len(queries) for value in spread)) for name, spread in seconds.items()}

    def _dense(self) -> Dense | None:
        if DENSE not in self.settings.installed:
            return None
        self.progress.note("flat dense search")
        repeats, threads = self.settings.repeats, self.settings.threads
        return measured_dense(self.data.documents, repeats=repeats, threads=threads, depths=DEPTHS)


def _answer(passes: list[Pass], query: int) -> object:
    return passes[query]()
