"""The known figures of LexLIP's paper, with those of a ladder beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from lexlip_lucene.experiments.ladder.systems.bm25 import BM25
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.recipes.ladder_recipe import is_point

FLAT_512 = 512 * 4
"""Bytes of a document in a flat index of 512 float32, the paper's dense baseline."""

PREPRINT, ICCV = "arXiv 2302.02908v1, abstract", "ICCV 2023, abstract"
SUMMARY = "a public summary of the paper's table, not seen in the paper itself"

Record = Mapping[str, Any]


def beside_the_paper(record: Record) -> str:
    """Return a table: what, the paper's figure and its source, and ours at the largest rung."""
    documents, rung = list(record["rungs"].items())[-1]
    systems = rung["systems"]
    points = [system for name, system in systems.items() if is_point(name)]
    sizes = [int(documents) * FLAT_512 / system["index_bytes"] for system in points]
    speeds = _ratios(points, systems.get(FLAT))
    best = points[0]["quality"]["R@1"]
    rows = [
        ("queries/s, × flat dense search", "5.5–221", PREPRINT, _range(speeds)),
        ("the same", "5.8", ICCV, ""),
        ("the same, at best and at equal quality", "5.4 and 270", SUMMARY, ""),
        ("index, × smaller than 512 floats", "13.2–48.8", PREPRINT, _range(sizes)),
        ("the same", "19.1", ICCV, ""),
        ("index, MB", "at most 152", SUMMARY, _range([system["index_bytes"] / 1e6 for system in points])),
        ("R@1, LexLIP against BM25", "22.3 against 16.8", SUMMARY, _pair(best, systems[BM25]["quality"]["R@1"])),
    ]
    lines = [
        "The paper: Flickr30k, 1,000 test images among 1 M distractors, 4,000 queries, flat CLIP of 512 floats; 90 h "
        f"of training on 14 M pairs. Ours: {int(documents):,} documents, over LexLIP's exact operating points; flat is "
        "the dense twin.",
        "",
        "| what | paper | source | ours |",
        "| --- | ---: | --- | ---: |",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _ratios(points: Sequence[Record], flat: Record | None) -> list[float]:
    if flat is None:
        return []
    slow = flat["search"]["queries_per_second"]["median"]
    return [point["search"]["queries_per_second"]["median"] / slow for point in points]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.3g}–{max(values):.3g}" if values else ""


def _pair(first: float, second: float) -> str:
    return f"{100 * first:.1f} against {100 * second:.1f}"
