"""A ladder's report for people, from its record (`report.py`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lexlip_lucene.experiments.ladder.image_to_text import RECALLS
from lexlip_lucene.experiments.ladder.report.documents import about_documents, about_relatives
from lexlip_lucene.experiments.ladder.report.paper import FLAT_512, beside_the_paper
from lexlip_lucene.experiments.ladder.report.settings import about_queries, about_settings, about_shares, about_times
from lexlip_lucene.recipes.results_table import MEASURES

Record = Mapping[str, Any]


def markdown(record: Record, pictures: Sequence[Path]) -> str:
    """Return the whole report; pictures are named as files beside it."""
    parts = [
        f"# {record['name']}",
        record["about"],
        _missing(record),
        about_times(record),
        about_queries(record),
        about_settings(record),
        about_documents(record),
    ]
    for documents, rung in reversed(record["rungs"].items()):
        parts += [
            f"## {int(documents):,} documents",
            _table(int(documents), rung["systems"], record["settings"]["timing"]["threads"]),
            about_shares(record["shares"].get(documents)),
            _differences(rung["R@10 differences"]),
            about_relatives(rung["relatives"]),
        ]
    parts += ["## Both directions", _directions(record)]
    parts += ["## Pictures", *(f"![{path.stem}]({path.name})" for path in pictures)]
    parts += ["## Beside the paper", beside_the_paper(record)]
    return "\n\n".join(part for part in parts if part) + "\n"


def differences_table(record: Record) -> str:
    """Return the table of differences in docs/results.md: R@10 of one system minus another's at each rung, and p."""
    rungs = record["rungs"]
    pairs = dict.fromkeys((pair["a"], pair["b"]) for rung in rungs.values() for pair in rung["R@10 differences"])
    rows = [f"| R@10 of … minus … | {' | '.join(f'{int(rung):,}' for rung in rungs)} |"]
    rows.append("| --- |" + " ---: |" * len(rungs))
    for a, b in pairs:
        cells = []
        for rung in rungs.values():
            of_pair = [pair for pair in rung["R@10 differences"] if (pair["a"], pair["b"]) == (a, b)]
            cells.append(f"{100 * of_pair[0]['mean']:+.1f} ({of_pair[0]['p']:.4f})" if of_pair else "")
        rows.append(f"| {a} − {b} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _missing(record: Record) -> str:
    missing = [f"{rung:,}" for rung in record["settings"]["rungs"] if str(rung) not in record["rungs"]]
    return f"**Not finished: rungs {', '.join(missing)} are missing.**" if missing else ""


def timing_table(record: Record) -> str:
    """Return the table of docs/results.md of the largest rung: latency, rates, time of building, memory, FLOPS."""
    systems = list(record["rungs"].values())[-1]["systems"]
    threads = record["settings"]["timing"]["threads"]
    heads = ("p50", "p99", "with encoding, p50", "queries/s", f"queries/s, {threads} threads", "build s", "resident MB")
    rows = [f"| system | {' | '.join(heads)} | FLOPS |", "| --- |" + " ---: |" * (len(heads) + 1)]
    for name, system in systems.items():
        search, flops = system["search"], system["expected_flops"]
        values = (
            search["p50_ms"]["median"],
            search["p99_ms"]["median"],
            system["encode_and_search"]["p50_ms"]["median"],
            search["queries_per_second"]["median"],
            system["batch_queries_per_second"]["median"],
            system["build_seconds"],
            system["resident_bytes"] / 1e6,
        )
        cells = [name, *map(_number, values), "" if flops is None else f"{flops:.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _table(documents: int, systems: Record, threads: int) -> str:
    sizes = ("index MB", "× smaller than 512 floats", "build s", "documents/s", "resident MB")
    times = ("p50 ms", "p95 ms", "p99 ms", "encoded and searched, p50 ms", "queries/s, 1 thread")
    head = ("system", *MEASURES, *sizes, *times, f"queries/s, {threads} threads", "postings of the query", "FLOPS")
    rows = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, system in systems.items():
        size, search, postings = system["index_bytes"], system["search"], system["postings_touched"]
        cells = [
            name,
            *(f"{100 * system['quality'][measure]:.1f}" for measure in MEASURES),
            f"{size / 1e6:.1f}",
            f"{documents * FLAT_512 / max(size, 1):.1f}",
            f"{system['build_seconds']:.1f}",
            f"{system['documents_per_second']:,.0f}",
            f"{system['resident_bytes'] / 1e6:.0f}",
            *(_spread(search[name]) for name in ("p50_ms", "p95_ms", "p99_ms")),
            _spread(system["encode_and_search"]["p50_ms"]),
            _spread(search["queries_per_second"]),
            _spread(system["batch_queries_per_second"]),
            "" if postings is None else f"{postings:,.0f}",
            "" if postings is None else f"{system['expected_flops']:.2f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _directions(record: Record) -> str:
    documents, first = next(iter(record["rungs"].items()))
    head = [*(f"T2I {name}" for name in RECALLS), *(f"I2T {name}" for name in RECALLS), "RSUM"]
    rows = [
        f"Text to image among {int(documents):,} documents; image to text: the photos search all their captions, "
        "held-out ones too. RSUM is the sum of the six.",
        "",
        f"| system | {' | '.join(head)} |",
        "| --- |" + " ---: |" * len(head),
    ]
    for name, total in record["rsum"].items():
        both = (first["systems"][name]["quality"], record["image_to_text"][name])
        cells = [f"{100 * figures[measure]:.1f}" for figures in both for measure in RECALLS]
        rows.append(f"| {name} | {' | '.join(cells)} | {total:.1f} |")
    return "\n".join(rows)


def _differences(compared: Sequence[Record]) -> str:
    rows = ["| R@10 of | minus that of | difference | 95 % interval | p |", "| --- | --- | ---: | ---: | ---: |"]
    for pair in compared:
        interval = f"{100 * pair['low']:+.1f} … {100 * pair['high']:+.1f}"
        rows.append(f"| {pair['a']} | {pair['b']} | {100 * pair['mean']:+.1f} | {interval} | {pair['p']:.4f} |")
    return "\n".join(rows)


def _spread(spread: Record) -> str:
    return f"{_number(spread['median'])} ({_number(spread['low'])}–{_number(spread['high'])})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
