"""The choice of a setting: the fastest that reaches the wanted recall, unless exact search is as fast."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from lexlip_lucene.tuning.figures import Figures, Measured

WORTH_IT = 0.9
"""A setting that takes more than this share of exact search's time is not worth a lost hit: another run of the same
measurement may well differ by a tenth."""

Verdict = Literal["faster", "exact is as fast", "none reaches"]


class Choice(NamedTuple):
    """The verdict, and the setting it is about: the fastest that reaches the recall, or the one of highest recall."""

    verdict: Verdict
    best: Measured

    @property
    def proposed(self) -> Measured | None:
        """The setting to take; None if exact search is better."""
        return self.best if self.verdict == "faster" else None


def choose(measured: Sequence[Measured], exact: Figures, wanted: float) -> Choice:
    """Choose among `measured`, at least one, by their figures on the choosing half.

    Args:
        measured: settings.
        exact: exact search's figures on the same half.
        wanted: recall, 0..1.
    """
    reaching = [one for one in measured if one.choosing.recall >= wanted]
    if not reaching:
        return Choice("none reaches", max(measured, key=lambda one: (one.choosing.recall, -one.choosing.median_ms)))
    fastest = min(reaching, key=lambda one: (one.choosing.median_ms, -one.choosing.recall))
    worth_it = fastest.choosing.median_ms <= WORTH_IT * exact.median_ms
    return Choice("faster" if worth_it else "exact is as fast", fastest)


def pareto_front(measured: Sequence[Measured]) -> list[Measured]:
    """Return the settings than which no other is faster with at least their recall, fastest first.

    They are compared by their figures on the reporting half; of several with the same figures, the first stays.
    """
    front: list[Measured] = []
    for one in sorted(measured, key=lambda one: (one.reporting.median_ms, -one.reporting.recall)):
        if not front or one.reporting.recall > front[-1].reporting.recall:
            front.append(one)
    return front
