"""The report of a run: a record for JSON, and tables for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from lexlip_lucene.experiments.engine.bounds import OURS, Row
from lexlip_lucene.experiments.engine.query_times import QueryTimes
from lexlip_lucene.experiments.engine.recall import MeasuredPoint
from lexlip_lucene.experiments.engine.run import Figures, Measured
from lexlip_lucene.experiments.engine.timing import Spread

_MEGABYTE = 1e6


def record(measured: Measured) -> dict[str, Any]:
    """Return everything for JSON; times are seconds for builds and milliseconds for queries."""
    figures, settings = measured.figures, measured.settings
    return {
        "machine": measured.machine,
        "data": measured.data.facts,
        "settings": {
            "systems": list(settings.systems),
            "missing": settings.missing,
            "repeats": settings.repeats,
            "threads": settings.threads,
            "executions": list(settings.executions),
            "stock_by": figures.stock_by,
        },
        "bounds": [row._asdict() for row in measured.rows],
        "agreed_queries": figures.agreed,
        "disagreements": [
            {"terms": terms, "k": k, "system": system, **counted._asdict()}
            for (terms, k), systems in figures.disagreements.items()
            for system, counted in systems.items()
        ],
        "builds": {
            name: {"seconds": build.seconds._asdict(), "runs": build.runs, "index_bytes": build.index_bytes}
            for name, build in figures.builds.items()
        },
        "memory": {name: held._asdict() for name, held in figures.memory.items()},
        "milliseconds": [
            {**cell._asdict(), "system": system, **spread._asdict()}
            for cell, systems in figures.cells.items()
            for system, spread in systems.items()
        ],
        "query_milliseconds": [
            {**cell._asdict(), "system": system, **times._asdict(), "cpu_ratio": _cpu_ratio(times, systems[OURS])}
            for cell, systems in figures.times.items()
            for system, times in systems.items()
        ],
        "operating_points": [
            {"terms": terms, "system": system, **point._asdict()} for terms, system, point in _points(figures)
        ],
        "dense": _dense_record(figures),
    }


def bounds_table(rows: Sequence[Row]) -> str:
    """Return the bounds as a Markdown table."""
    return _table(
        ("what", "unit", "ours", "against", "theirs", "ratio", "bound", "held"),
        [
            (
                row.what,
                row.unit,
                _number(row.ours),
                row.against,
                _number(row.theirs),
                _number(row.ratio),
                row.bound,
                {True: "yes", False: "NO", None: "not measured"}[row.held],
            )
            for row in rows
        ],
    )


def markdown(measured: Measured) -> str:
    """Return the report as Markdown."""
    machine, figures = measured.machine, measured.figures
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version)
    parts = [
        "# Engines side by side",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; Lucene "
        f"{machine['lucene']} (Anserini {machine['anserini']}), Java {machine['java']}; {packages}. "
        f"Load when it began: {machine['load_average']:.1f}.",
        _about_data(measured),
        "## Bounds\n\nStated for 1,000,000 documents.",
        bounds_table(measured.rows),
        f"Our hits were stock's, docid and score, for {figures.agreed} queries.",
        f"## Milliseconds a query\n\nMedian (least–most) of {measured.settings.repeats} interleaved repeats; "
        f"search_batch with {measured.settings.threads} threads. Stock: {figures.stock_by or 'left out'}.",
        _cells_table(figures),
        "## Milliseconds of single queries\n\nMedian and 99th percentile over the queries, each the median of the "
        "repeats; CPU is the time of the thread that calls. The ratio is the CPU median's to ours.",
        _times_table(figures),
        *_disagreement_parts(figures),
        "## Builds and memory\n\nMemory: resident after answering, less what the libraries take before an index is "
        "open.",
        _builds_table(measured),
        *_points_tables(figures),
        *(f"{system}: {remedy}" for system, remedy in measured.settings.missing.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _about_data(measured: Measured) -> str:
    facts = measured.data.facts
    parts = [f"Data: {facts['about']}."]
    for name in ("shape", "photos", "mixes"):
        if name in facts:
            shape = facts[name]
            parts.append(
                f"{'All' if name == 'shape' else name.capitalize()}: {shape['documents']:,} documents, "
                f"{shape['postings_per_document']:.1f} postings a document, mean impact {shape['impact_mean']:.1f} of "
                f"{shape['impact_entropy']:.2f} bits, "
                f"the average posting's token in {100 * shape['frequency']:.2f} % of the documents, "
                f"{100 * shape['commonest']:.1f} % of the postings in the 100 commonest tokens."
            )
    made = "; ".join(
        f"{terms} terms: " + " and ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
        for terms, kinds in facts["queries"].items()
    )
    return " ".join([*parts, f"Queries: {made}."])


def _cells_table(figures: Figures) -> str:
    systems = list(dict.fromkeys(system for cell in figures.cells.values() for system in cell))
    rows = [
        (cell.mode, str(cell.terms), str(cell.k), *(_spread(of_cell.get(system)) for system in systems))
        for cell, of_cell in figures.cells.items()
    ]
    if figures.dense:
        for mode, spreads in (("one query", figures.dense.one), ("batch", figures.dense.batch)):
            for k, spread in spreads.items():
                rows.append((f"dense, {mode}", "", str(k), _spread(spread), *[""] * (len(systems) - 1)))
    return _table(("mode", "terms", "k", *systems), rows)


def _times_table(figures: Figures) -> str:
    rows = [
        (
            *(str(cell.terms), str(cell.k), system),
            *(f"{each:.3f}" for each in (times.cpu_median, times.cpu_p99, times.median, times.p99)),
            f"{_cpu_ratio(times, systems[OURS]):.2f}",
        )
        for cell, systems in figures.times.items()
        for system, times in systems.items()
    ]
    return _table(("terms", "k", "system", "CPU p50", "CPU p99", "wall p50", "wall p99", "ratio"), rows)


def _cpu_ratio(times: QueryTimes, ours: QueryTimes) -> float:
    return times.cpu_median / max(ours.cpu_median, 1e-9)


def _disagreement_parts(figures: Figures) -> list[str]:
    rows = [
        (str(terms), str(k), system, *map(str, counted))
        for (terms, k), systems in figures.disagreements.items()
        for system, counted in systems.items()
    ]
    if not rows:
        return []
    about = (
        "## Exactness\n\nQueries whose answer is not ours, docid by docid: in documents with equal scores only, "
        "or otherwise."
    )
    return [about, _table(("terms", "k", "system", "queries", "differ in ties only", "differ otherwise"), rows)]


def _builds_table(measured: Measured) -> str:
    figures, postings = measured.figures, max(measured.data.postings, 1)
    rows = []
    for name, build in figures.builds.items():
        held = figures.memory.get(name)
        memory = f"{(held.after - held.before) / _MEGABYTE:.0f}" if held else ""
        size = f"{build.index_bytes / _MEGABYTE:.1f}"
        rows.append((name, _spread(build.seconds), size, f"{build.index_bytes / postings:.3f}", memory))
    if figures.dense:
        size = f"{figures.dense.index_bytes / _MEGABYTE:.1f}"
        rows.append(("dense", f"{figures.dense.build_seconds:.2f}", size, "", size))
    return _table(("system", "build s", "index MB", "bytes a posting", "memory MB"), rows)


def _points_tables(figures: Figures) -> list[str]:
    rows = [
        (str(terms), system, name, f"{recall:.4f}", f"{milliseconds:.3f}", "yes" if chosen else "")
        for terms, system, (name, recall, milliseconds, chosen) in _points(figures)
    ]
    if not rows:
        return []
    head = ("terms", "system", "operating point", "recall@10", "ms", "chosen")
    return ["## Operating points of approximate search\n\nOne pass each, to choose by.", _table(head, rows)]


def _points(figures: Figures) -> Iterator[tuple[int, str, MeasuredPoint]]:
    """Yield terms, system and operating point."""
    for terms, systems in figures.points.items():
        for system, points in systems.items():
            for point in points:
                yield terms, system, point


def _dense_record(figures: Figures) -> dict[str, Any] | None:
    if figures.dense is None:
        return None
    milliseconds = [
        {"mode": mode, "k": k, **spread._asdict()}
        for mode, spreads in (("one", figures.dense.one), ("batch", figures.dense.batch))
        for k, spread in spreads.items()
    ]
    build, size, *_ = figures.dense
    return {"build_seconds": build, "index_bytes": size, "milliseconds": milliseconds}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.median:.3g} ({spread.low:.3g}–{spread.high:.3g})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
