"""What a ladder says: a record for JSON, and a report for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.bench_engine.timing import Spread
from lexlip_lucene.evaluate.significance import Difference, difference, found_within
from lexlip_lucene.files import written_file
from lexlip_lucene.ladder.image_to_text import RECALLS, rsum
from lexlip_lucene.ladder.pictures import draw_ladder
from lexlip_lucene.ladder.report_documents import about_documents, about_relatives
from lexlip_lucene.ladder.run import Ladder, group_of
from lexlip_lucene.ladder.rung_figures import RungFigures, SystemFigures
from lexlip_lucene.recipes.ladder_recipe import BM25, CLIP_FLAT, FLAT, INTERPOLATED, ONE_FIELD, RRF, lexlip_name

MEASURES = ("R@1", "R@5", "R@10", "MRR@10", "nDCG@10")

FLAT_512 = 512 * 4
"""Bytes of a document in a flat index of 512 float32, the paper's dense baseline."""

PAPER = """\
Flickr30k, 1,000 test images and 1 M distractors, 4,000 queries; 90 h of training on 14 M pairs.

| what | LexLIP's paper | source |
| --- | --- | --- |
| speed against CLIP, flat | 5.5–221 × | abstract of the preprint |
| the same | 270 × at equal quality, 5.4 × at best quality | a public summary |
| size against CLIP, flat | 13.2–48.8 × smaller | abstract |
| index of 1 M images | at most 152 MB; dense 2 GB | a public summary |
"""


def write_report(ladder: Ladder) -> dict[str, Any]:
    """Write `report.json`, `report.md` and the pictures into the ladder's folder; return the record."""
    compared = {rung.documents: _comparisons(ladder, rung) for rung in ladder.rungs}
    record = _record(ladder, compared)
    pictures = draw_ladder(record, ladder.folder)
    with written_file(ladder.folder / "report.json", force=True) as file:
        file.write(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    with written_file(ladder.folder / "report.md", force=True) as file:
        file.write(_markdown(ladder, compared, pictures).encode())
    return record


def figures_of(ladder: Ladder) -> dict[str, float]:
    """Return `<rung> <system> <measure>` → figure: what a recipe's `expect` may name. Bytes are of the index."""
    found = {}
    for rung in ladder.rungs:
        for name, system in rung.systems.items():
            for measure, value in (*system.quality.items(), ("bytes", float(system.built.index_bytes))):
                found[f"{rung.documents} {name} {measure}"] = value
    for name, figures in ladder.image_to_text.items():
        found |= {f"i2t {name} {measure}": value for measure, value in figures.items()}
    return found


def _comparisons(ladder: Ladder, rung: RungFigures) -> list[tuple[str, str, Difference]]:
    """R@10 of pairs that the claims are about."""
    best = lexlip_name(ladder.recipe.points[0])
    pairs = ((best, BM25), (best, FLAT), (best, CLIP_FLAT), (RRF, BM25), (INTERPOLATED, BM25), (ONE_FIELD, BM25))
    qrels, groups = ladder.topics.qrels, group_of(ladder.topics)
    return [
        (a, b, difference(found_within(qrels, rung.runs[a], 10), found_within(qrels, rung.runs[b], 10), groups))
        for a, b in pairs
        if a in rung.runs and b in rung.runs
    ]


def _record(ladder: Ladder, compared: dict[int, list[tuple[str, str, Difference]]]) -> dict[str, Any]:
    facts = {key: value for key, value in ladder.store.facts.items() if key != "tokens"}
    return {
        "name": ladder.recipe.name,
        "machine": ladder.machine,
        "documents": facts,
        "shapes": ladder.shapes,
        "before": ladder.before,
        "topics": len({qrel.qid for qrel in ladder.topics.qrels}),
        "shares": {str(documents): shares._asdict() for documents, shares in ladder.shares.items()},
        "timing": ladder.recipe.timing.model_dump(),
        "image_to_text": ladder.image_to_text,
        "rsum": _rsums(ladder),
        "encoding": {name: _latency(latency) for name, latency in ladder.encoding.items()},
        "rungs": {
            str(rung.documents): {
                "systems": {name: _system(system, rung.documents) for name, system in rung.systems.items()},
                "relatives": rung.relatives,
                "R@10 differences": [{"a": a, "b": b, **found._asdict()} for a, b, found in compared[rung.documents]],
            }
            for rung in ladder.rungs
        },
    }


def _system(system: SystemFigures, documents: int) -> dict[str, Any]:
    return {
        "quality": system.quality,
        "build_seconds": system.built.seconds,
        "index_bytes": system.built.index_bytes,
        "resident_bytes": system.resident,
        "search": _latency(system.latency),
        "encode_and_search": _latency(system.together),
        "batch_queries_per_second": system.batch._asdict(),
        "postings_touched": system.postings,
        "expected_flops": None if system.postings is None else system.postings / documents,
    }


def _latency(latency: Any) -> dict[str, Any]:
    names = ("p50_ms", "p95_ms", "p99_ms", "queries_per_second")
    return {name: spread._asdict() for name, spread in zip(names, latency, strict=True)}


def _markdown(ladder: Ladder, compared: dict[int, list[tuple[str, str, Difference]]], pictures: Sequence[Path]) -> str:
    machine, timing = ladder.machine, ladder.recipe.timing
    topics = min(timing.topics, len(ladder.topics.topics))
    parts = [
        f"# {ladder.recipe.name}",
        ladder.recipe.about,
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; Lucene "
        f"{machine['lucene']}, Java {machine['java']}, Python {machine['python']}. Times: {topics} topics one "
        f"at a time, median (least–most) of {timing.repeats} interleaved repeats; queries a second in one thread, "
        f"and in one call with {timing.threads} threads, which also build. With encoding: the sum of both times, taken "
        "apart; the twin's text side runs as in training, nothing quicker was written for it. Resident memory: a "
        "process of its own that has answered the timed topics; Lucene reads what these need, faiss and Seismic all.",
        about_documents(ladder),
    ]
    for rung in reversed(ladder.rungs):
        parts += [
            f"## {rung.documents:,} documents",
            _table(rung, timing.threads),
            _differences(compared[rung.documents]),
            about_relatives(rung),
        ]
    parts += ["## Both directions", _directions(ladder)]
    parts += ["## Pictures", *(f"![{path.stem}]({path.name})" for path in pictures)]
    parts += ["## The paper's own figures", PAPER]
    return "\n\n".join(parts) + "\n"


def _table(rung: RungFigures, threads: int) -> str:
    sizes = ("index MB", "× smaller than 512 floats", "build s", "resident MB")
    times = (
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "with encoding, p50 ms",
        "queries/s, 1 thread",
        f"queries/s, {threads} threads",
    )
    head = ("system", *MEASURES, *sizes, *times, "postings of the query")
    rows = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, system in rung.systems.items():
        size, latency = system.built.index_bytes, system.latency
        cells = [
            name,
            *(f"{100 * system.quality[measure]:.1f}" for measure in MEASURES),
            f"{size / 1e6:.1f}",
            f"{rung.documents * FLAT_512 / max(size, 1):.1f}",
            f"{system.built.seconds:.1f}",
            f"{system.resident / 1e6:.0f}",
            *(_spread(spread) for spread in latency[:3]),
            _spread(system.together.p50),
            _spread(latency.one),
            _spread(system.batch),
            "" if system.postings is None else f"{system.postings:,.0f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _rsums(ladder: Ladder) -> dict[str, float]:
    first = ladder.rungs[0].systems
    return {name: rsum(first[name].quality, back) for name, back in ladder.image_to_text.items() if name in first}


def _directions(ladder: Ladder) -> str:
    first = ladder.rungs[0]
    head = [*(f"T2I {name}" for name in RECALLS), *(f"I2T {name}" for name in RECALLS), "RSUM"]
    rows = [
        f"Text to image among {first.documents:,} documents; image to text: the photos search all their captions, "
        "held-out ones too. RSUM is the sum of the six.",
        "",
        f"| system | {' | '.join(head)} |",
        "| --- |" + " ---: |" * len(head),
    ]
    for name, total in _rsums(ladder).items():
        both = (first.systems[name].quality, ladder.image_to_text[name])
        cells = [f"{100 * figures[measure]:.1f}" for figures in both for measure in RECALLS]
        rows.append(f"| {name} | {' | '.join(cells)} | {total:.1f} |")
    return "\n".join(rows)


def _spread(spread: Spread) -> str:
    return " ".join((_number(spread.median), f"({_number(spread.low)}–{_number(spread.high)})"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _differences(compared: Sequence[tuple[str, str, Difference]]) -> str:
    rows = ["| R@10 of | minus that of | difference | 95 % interval | p |", "| --- | --- | ---: | ---: | ---: |"]
    for a, b, found in compared:
        interval = f"{100 * found.low:+.1f} … {100 * found.high:+.1f}"
        rows.append(f"| {a} | {b} | {100 * found.mean:+.1f} | {interval} | {found.p:.4f} |")
    return "\n".join(rows)
