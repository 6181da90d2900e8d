"""The record of the runs as Markdown: a table of codes beside dense search, and one with the exact second stage."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Record = Mapping[str, Any]

_CODES = (
    "| codes | seeds | bytes | own | postings | df, % | crop R@1 | hard R@1 | hard R@10 | shortlisted | likeness |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_SECOND = (
    "| first 200, then exact cosine of int8 | bytes | crop R@1 | hard R@1 | hard R@10 | likeness |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
)


def table(records: Sequence[Record]) -> str:
    """Return both tables: means over the seeds, with standard deviations where there are several."""
    dense = next(record for record in records if record["kind"] == "dense")
    codes = [record for record in records if record["kind"] == "code"]
    by_row = {name: [record for record in codes if record["row"] == name] for name in dict.fromkeys(_rows(codes))}
    width = f"{dense['bytes'] // 4} floats"
    lines = [
        *_CODES,
        f"| dense cosine, {width} | | {dense['bytes']} | | | | {_recalls([dense])} | 1 | {_likeness([dense])} |",
    ]
    lines += [_code_row(name, own) for name, own in by_row.items()]
    lines += [
        "",
        *_SECOND,
        f"| dense cosine, {width} | {dense['bytes']} | {_recalls([dense])} | {_likeness([dense])} |",
    ]
    for name, own in by_row.items():
        second = [record["second"] for record in own]
        size = _mean([record["bytes"] + record["second_bytes"] for record in own], "{:.0f}")
        lines.append(f"| {name} | {size} | {_recalls(second)} | {_likeness(second)} |")
    bounds = f"Likeness of captions: random {dense['random']:.3f}, most alike {dense['most']:.3f}."
    counts = f"{dense['queries']} photos search {dense['documents']}."
    return "\n".join([*lines, "", f"{counts} {bounds}"]) + "\n"


def _rows(records: Sequence[Record]) -> list[str]:
    return [record["row"] for record in records]


def _code_row(name: str, records: Sequence[Record]) -> str:
    cells = [
        str(len(records)),
        _of(records, lambda record: record["bytes"], "{:.0f}"),
        _of(records, lambda record: record["own_bytes"], "{:.0f}"),
        _of(records, lambda record: record["postings"], "{:.1f}"),
        _of(records, lambda record: 100 * record["document_frequency"], "{:.2f}"),
        _recalls(records),
        _of(records, lambda record: record["shortlisted"], "{:.3f}", spread=True),
        _likeness(records),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _recalls(records: Sequence[Record]) -> str:
    wanted = (("crop", "R@1"), ("hard", "R@1"), ("hard", "R@10"))
    return " | ".join(_recall(records, *each) for each in wanted)


def _recall(records: Sequence[Record], alteration: str, measure: str) -> str:
    return _of(records, lambda record: 100 * record["recall"][alteration][measure], "{:.1f}", spread=True)


def _likeness(records: Sequence[Record]) -> str:
    return _of(records, lambda record: record["likeness"], "{:.4f}", spread=True)


def _of(records: Sequence[Record], value: Callable[[Record], float], form: str, *, spread: bool = False) -> str:
    return _mean([value(record) for record in records], form, spread=spread)


def _mean(values: Sequence[float], form: str, *, spread: bool = False) -> str:
    text = form.format(np.mean(values))
    return f"{text} ± {form.format(np.std(values, ddof=1))}" if spread and len(values) > 1 else text
