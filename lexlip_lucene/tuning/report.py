"""The report of a tuning: the table as Markdown, the verdict in words, and all of it as one record for JSON."""

from typing import Any

from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.tuning.choice import pareto_front
from lexlip_lucene.tuning.figures import Figures
from lexlip_lucene.tuning.settings import round_number
from lexlip_lucene.tuning.tune import Tuning

FEW = 100
"""Fewer queries than this are few: half of them choose a setting, and one lost hit of ten is 0.002 of the recall."""


def table(tuning: Tuning) -> str:
    """Return a Markdown table: every setting and exact search, with their figures on the half for reporting."""
    front, proposed, exact = pareto_front(tuning.measured), tuning.choice.proposed, tuning.exact[1]
    rows: list[tuple[str, ...]] = [
        ("terms", "postings", "candidates", "blocks", f"recall@{tuning.k}", "±", "median ms", "p95 ms", "speed", "")
    ]
    for one in tuning.measured:
        mark = "proposed" if one is proposed else "on the front" if one in front else ""
        rows.append((*_counts(one.setting), *_cells(one.reporting, exact), mark))
    rows.append(("all", "all", "all", "all", *_cells(exact, exact), "exact"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def verdict(tuning: Tuning) -> str:
    """Return the advice in words, with the gain on the queries that had no part in the choice."""
    best, wanted = tuning.choice.best, f"recall@{tuning.k} {tuning.wanted:g}"
    choosing, reporting = (tuning.queries + 1) // 2, tuning.queries // 2
    text = {
        "faster": f"Proposed: {described(best.setting)}, the fastest of {len(tuning.measured)} settings that reaches "
        f"{wanted} on the {choosing} queries for choosing.\n{_reported(tuning)}",
        "exact is as fast": f"Search exactly: the fastest setting that reaches {wanted} ({described(best.setting)}) "
        f"takes {best.choosing.median_ms:.3f} ms where exact search takes {tuning.exact[0].median_ms:.3f} ms, which is "
        "not worth a lost hit.",
        "none reaches": f"Search exactly: none of {len(tuning.measured)} settings reaches {wanted} on the {choosing} "
        f"queries for choosing; the best ({described(best.setting)}) has {best.choosing.recall:.4f}.",
    }[tuning.choice.verdict]
    if tuning.queries < FEW:
        text += f"\n{reporting} queries on each side are few: take some hundred for figures to rely on."
    return text


def described(setting: Approximation) -> str:
    """Return the setting in words: `82,000 postings, 100 candidates`, or `200 blocks`."""
    if setting.by_blocks:
        return f"{setting.blocks:,} blocks"
    terms = "" if setting.terms == EVERYTHING else f"{setting.terms} terms, "
    return f"{terms}{setting.postings:,} postings, {setting.candidates:,} candidates"


def options(setting: Approximation) -> str:
    """Return the setting as options of `lexlip search`."""
    given = {name.replace("_", "-"): number for name, number in as_record(setting).items()}
    return " ".join(f"--{name} {number}" for name, number in given.items() if number is not None)


def in_python(setting: Approximation) -> str:
    """Return the setting as Python."""
    numbers = ", ".join(f"{name}={number}" for name, number in as_record(setting).items() if number is not None)
    return f"Approximation({numbers})"


def as_record(setting: Approximation) -> dict[str, int | None]:
    """Return the setting for JSON; None for no limit."""
    numbers = setting._asdict() | ({"candidates": EVERYTHING} if setting.by_blocks else {})
    return {name: None if number == EVERYTHING else number for name, number in numbers.items()}


def record(tuning: Tuning) -> dict[str, Any]:
    """Return everything for JSON."""
    front, proposed = pareto_front(tuning.measured), tuning.choice.proposed
    return {
        "k": tuning.k,
        "wanted_recall": tuning.wanted,
        "queries": tuning.queries,
        "without_hits": tuning.without_hits,
        "repeats": tuning.repeats,
        "documents": tuning.documents,
        "postings": tuning.postings,
        "first_seconds": tuning.first_seconds,
        "exact": {"choosing": tuning.exact[0]._asdict(), "reporting": tuning.exact[1]._asdict()},
        "settings": [
            {
                **as_record(one.setting),
                "choosing": one.choosing._asdict(),
                "reporting": one.reporting._asdict(),
                "on_front": one in front,
            }
            for one in tuning.measured
        ],
        "verdict": tuning.choice.verdict,
        "proposal": proposed and {**as_record(proposed.setting), **proposed.reporting._asdict()},
    }


def _reported(tuning: Tuning) -> str:
    it, exact = tuning.choice.best.reporting, tuning.exact[1]
    text = (
        f"On the other {tuning.queries // 2}: recall@{tuning.k} {it.recall:.4f} ± {it.margin:.4f}, median "
        f"{it.median_ms:.3f} ms (p95 {it.p95_ms:.3f}); exact search {exact.median_ms:.3f} ms (p95 {exact.p95_ms:.3f}): "
        f"{exact.median_ms / it.median_ms:.1f} times as fast."
    )
    if it.recall < tuning.wanted:
        text += f" That is below the wanted {tuning.wanted:g}: ask for a little more with --recall to be safe."
    text += f"\nThe first approximate search of a process reads the whole index, here in {tuning.first_seconds:.1f} s"
    if it.median_ms < exact.median_ms:
        pays = 1000 * tuning.first_seconds / (exact.median_ms - it.median_ms)
        text += f": it pays in a process that searches more than about {round_number(pays + 1):,} times"
    return f"{text}."


def _counts(setting: Approximation) -> tuple[str, str, str, str]:
    if setting.by_blocks:
        return "all", "", "", f"{setting.blocks:,}"
    terms = "all" if setting.terms == EVERYTHING else str(setting.terms)
    return terms, f"{setting.postings:,}", f"{setting.candidates:,}", ""


def _cells(it: Figures, exact: Figures) -> tuple[str, ...]:
    speed = f"{exact.median_ms / it.median_ms:.2f}×"
    return f"{it.recall:.4f}", f"{it.margin:.4f}", f"{it.median_ms:.3f}", f"{it.p95_ms:.3f}", speed
