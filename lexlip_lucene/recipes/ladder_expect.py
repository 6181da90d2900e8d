"""The figures that a ladder recipe expects, read from nested keys.

expect:
  source: measured on 2026-11-28 …              # of all figures below, unless a group or a figure has its own
  topics: {value: 4000, tolerance: 0}
  1000:                                         # a rung, in documents
    BM25:                                       # a system, as tables call it, or `mixes`
      R@1: {value: 0.3352, tolerance: 0.001}    # R@k, MRR@k, nDCG@k or bytes; of mixes: postings or frequency
  i2t:                                          # the other direction
    dense, flat:
      R@1: {value: 0.348, tolerance: 0.01}
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

TOPICS, I2T, MIXES = "topics", "i2t", "mixes"

_RANKED = ("R", "MRR", "nDCG")
_MEASURES = ("R@1", "R@5", "R@10", "MRR@10", "nDCG@10", "bytes")
_OF_MIXES = ("postings", "frequency")


class FigureName(NamedTuple):
    """The name of a figure of a ladder.

    `str` gives it as `lexlip bench` reports it, `1000 BM25 R@1`; `repr` as messages on a recipe do, `1000.BM25.R@1`.

    Attributes:
        rung: documents, as text, or `i2t`; empty for the number of topics.
        system: the name in tables, or `mixes`; empty for the number of topics.
        measure: of the system, or `topics`.
    """

    rung: str
    system: str
    measure: str

    def __str__(self) -> str:
        return " ".join(part for part in self if part)

    def __repr__(self) -> str:
        return ".".join(part for part in self if part)


def read_expectations(expect: Any) -> dict[FigureName, Any]:
    """Return the figures of a recipe's `expect`, each with the source that is nearest to it.

    Raises:
        ValueError: a key is not one that this place has, or a group of keys is a single value.
    """
    figures: dict[FigureName, Any] = {}
    for key, group, source in _items(expect, "expect", None):
        rung = str(key)
        if rung == TOPICS:
            figures[FigureName("", "", TOPICS)] = _with_source(group, source)
        elif rung == I2T or rung.isdecimal():
            figures |= _of_rung(group, rung, source)
        else:
            raise ValueError(
                f"no rung {rung!r}: {_hint(rung, (TOPICS, I2T), 'a rung is a number of documents, beside')}"
            )
    return figures


def _of_rung(group: Any, rung: str, source: Any) -> dict[FigureName, Any]:
    figures = {}
    for system, measures, of_system in _items(group, rung, source):
        known = _OF_MIXES if system == MIXES else _MEASURES
        for measure, figure, of_figure in _items(measures, f"{rung}.{system}", of_system):
            name, _, depth = str(measure).partition("@")
            ranked = system != MIXES and name in _RANKED and depth.isdecimal()
            if measure not in known and not ranked:
                raise ValueError(f"{rung}.{system}: no measure {measure!r}: {_hint(str(measure), known, 'known are')}")
            figures[FigureName(rung, str(system), str(measure))] = _with_source(figure, of_figure)
    return figures


def _items(group: Any, place: str, source: Any) -> list[tuple[Any, Any, Any]]:
    """Return the keys of a group with their values and the source of what is below."""
    if not isinstance(group, Mapping):
        raise ValueError(f"{place}: a group of keys is needed, got {group!r}")
    source = group.get("source", source)
    return [(key, value, source) for key, value in group.items() if key != "source"]


def _with_source(figure: Any, source: Any) -> Any:
    return {"source": source, **figure} if isinstance(figure, Mapping) and source is not None else figure


def _hint(name: str, known: Sequence[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"{otherwise} {', '.join(known)}"
