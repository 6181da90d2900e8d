"""Recall of approximate engines against the exact answer, and their fastest operating points that reach enough of it.

recall@10 = share of the exact top 10 that was found. Scores are integers, so there are ties: a document found counts
when its exact score reaches the 10th, whichever of the equal ones the exact answer happens to show. Exact scores
9, 7, 7 | 7, 5 with k = 3 take any two of the three 7s.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from lexlip_lucene.experiments.engine.systems.engine import Engine, Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.timing import interleaved

K = 10
DEEPER = 100
"""Depth of the exact answer, in which the documents that tie with the 10th show."""

WANTED = 0.99
"""The recall@10 at which engines are compared."""


class MeasuredPoint(NamedTuple):
    """An operating point: recall@10, milliseconds a query one at a time, and `chosen` for the one to compare."""

    name: str
    recall: float
    milliseconds: float
    chosen: bool = False


def recall_at_10(exact: Sequence[Ranking], found: Sequence[Ranking]) -> float:
    """Return the mean recall@10 over queries.

    Args:
        exact: exact rankings, deeper than 10.
        found: rankings of the same queries; those without any exact hit don't count.
    """
    shares = []
    for truth, ranking in zip(exact, found, strict=True):
        wanted = min(K, len(truth.docids))
        if wanted:
            least = truth.scores[wanted - 1]
            good = {docid for docid, score in zip(truth.docids, truth.scores, strict=True) if score >= least}
            shares.append(min(wanted, len(good.intersection(ranking.docids[:K]))) / wanted)
    return sum(shares) / max(len(shares), 1)


def measured_points(
    engines: Mapping[str, Engine], queries: Queries, exact: Sequence[Ranking], *, threads: int
) -> list[MeasuredPoint]:
    """Measure every operating point once, and choose the fastest with the wanted recall, if any has it."""
    points = []
    for name, engine in engines.items():
        recall = recall_at_10(exact, engine.batch_rankings(queries, K, threads))
        whole = partial(_each, engine.one_by_one(queries, K))
        seconds = interleaved({name: whole}, repeats=1)[name].median
        points.append(MeasuredPoint(name, recall, 1000 * seconds / len(queries)))
    return with_choice(points)


def _each(passes: Sequence[Pass]) -> None:
    for answer in passes:
        answer()


def with_choice(points: Sequence[MeasuredPoint]) -> list[MeasuredPoint]:
    """Mark the fastest point with the wanted recall, if any has it."""
    enough = [point for point in points if point.recall >= WANTED]
    best = min(enough, key=lambda point: point.milliseconds, default=None)
    return [point._replace(chosen=point is best) for point in points]
