"""The options that narrow a search: `--filter KEY=VALUE`, and the numbers of two-step search."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.lucene.search.hits import Hits


def parse_filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return field → values of `KEY=VALUE …`; a value may hold `=`, and a key may come again with another value.

    Raises:
        InputError: one is not KEY=VALUE.
    """
    filters: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key or not value:
            raise InputError(f"--filter needs KEY=VALUE, got {text!r}")
        filters.setdefault(key, []).append(value)
    return filters


def approximation_of(**given: int | None) -> "Approximation | None":
    """Return the setting that the options say (`Approximation`'s fields), None when none is given.

    Raises:
        InputError: a number below 1, or one too large.
    """
    numbers = {name: number for name, number in given.items() if number is not None}
    if not numbers:
        return None
    from lexlip_lucene.lucene.search.approximation import Approximation

    return Approximation(**numbers).checked()


def what_may_be_lost(hits: "Hits", k: int) -> str:
    """Return in one line what an approximate search for the top `k` may have lost."""
    most, last = hits.unseen, _to_beat(hits, k)
    said = f"approximate: a document not shown scores at most {most}"
    if lost_nothing(hits, k):
        return f"{said} (the last hit has {last}, so nothing was lost)" if last else f"{said}: nothing was lost"
    if last == 0:
        return f"{said}: there may be more hits than these {len(hits)}"
    if most == last:
        return f"{said} (the last hit has as much, so at most ties with it were lost)"
    sure = sum(score > most for score in hits.scores.tolist())
    return f"{said} (the last hit has {last}, so better ones may be lost; the first {sure} hits are surely the best)"


def lost_nothing(hits: "Hits", k: int) -> bool:
    """Return True if the approximate `hits` are surely the exact top `k`."""
    return hits.unseen < max(_to_beat(hits, k), 1)


def _to_beat(hits: "Hits", k: int) -> int | float:
    """Return the score of the k-th hit, 0 without one."""
    return hits[-1].score if len(hits) == k else 0
