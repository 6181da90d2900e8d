"""The choice of the share of one run in an interpolation with another, on topics that have judgements."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.data.trec_id import encode_id
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.fuse import interpolate
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Qrel, Run

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Candidates of the first run's share."""


class TunedShare(NamedTuple):
    """The chosen share, the number of topics it was chosen on, and share → mean of R@1, R@5 and R@10."""

    share: float
    topics: int
    figures: dict[str, float]


DEPTH = 10
"""Hits of a topic that the figures look at."""


def tuned_share(first: Run, second: Run, qrels: Sequence[Qrel], *, progress: Progress = SILENT) -> TunedShare:
    """Choose the share of `first` with the best mean of R@1, R@5 and R@10; of equal ones the smaller.

    Args:
        first: a run.
        second: another run; of both only the topics that `qrels` judge are looked at.
        qrels: judgements of topics that the figures are not to be reported of.
        progress: receives the candidates tried.

    Raises:
        InputError: neither run has a topic that is judged.
    """
    judged = {encode_id(qrel.qid) for qrel in qrels}
    a, b = ({qid: hits for qid, hits in run.items() if encode_id(qid) in judged} for run in (first, second))
    topics = a.keys() | b.keys()
    if not topics:
        raise InputError(
            "the judgements must be of topics of the runs, but they share none: are these the right files?"
        )
    figures = {
        str(share): mean_figure(interpolate(a, b, alpha=share, depth=DEPTH), qrels)
        for share in progress.track(SHARES, "shares of the interpolation", len(SHARES))
    }
    return TunedShare(best_share(figures), len(topics), figures)


def mean_figure(run: Run, qrels: Sequence[Qrel]) -> float:
    """Return the mean of R@1, R@5 and R@10."""
    figures = evaluate(qrels, run)
    return (figures["R@1"] + figures["R@5"] + figures["R@10"]) / 3


def best_share(figures: Mapping[str, float]) -> float:
    """Return the share with the best figure; of equal ones the first."""
    return float(max(figures, key=lambda share: figures[share]))
