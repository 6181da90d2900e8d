"""Tuning of re-ranking by patches: how many hits, and the part of the first score, on topics that have judgements.

Every second topic is for choosing, the others are for reporting, so that no reported figure was chosen for being high.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.late_reranker import LateReranker, mixed_scores
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit

DEPTHS = (10, 20, 50, 100, 200)
"""Numbers of hits that are re-ranked."""

MIXES = tuple(round(0.05 * step, 2) for step in range(21))

CUTS = (1, 5, 10)

NO_WORSE = 0.001
"""Fewer hits are taken where the mean recall is lower by no more than this: 0.1 points."""

AT_ONCE = 64


class LateSetting(NamedTuple):
    """A number of hits, the mix chosen for it, and R@1, R@5 and R@10 in 0..1 on the topics for reporting."""

    hits: int
    mix: float
    recall: dict[str, float]


class LateTuning(NamedTuple):
    """The figures of a tuning.

    Attributes:
        topics: for choosing and for reporting, together.
        first: recall of the first stage, on the topics for reporting.
        settings: one for each number of hits.
        chosen: one of them.
    """

    topics: int
    first: dict[str, float]
    settings: list[LateSetting]
    chosen: LateSetting


def tune_late(
    reranker: LateReranker,
    texts: Mapping[str, str],
    hits: Mapping[str, Sequence[Hit]],
    relevant: Mapping[str, frozenset[str]],
    *,
    progress: Progress = SILENT,
) -> LateTuning:
    """Choose the mix for each number of hits, and the number, by the mean of R@1, R@5 and R@10.

    Args:
        reranker: its store and its texts are used, and its `k`, which is the most hits; its mix is not.
        texts: qid → text.
        hits: qid → hits of the first stage, at least `reranker.k` if there are so many.
        relevant: qid → the documents that are relevant, at least one each; other topics are left out.
        progress: receives the topics done, and how many can't be re-ranked.

    Raises:
        InputError: fewer than two topics have hits and judgements, no topic for choosing can be re-ranked, or the store
            lacks a hit.
    """
    qids = [qid for qid in hits if relevant.get(qid)]
    if len(qids) < 2:
        raise InputError(f"the judgements must be of two topics of the run or more, but they share {len(qids)}")
    late: dict[str, NDArray[np.float32]] = {}
    begins = range(0, len(qids), AT_ONCE)
    for begin in progress.track(begins, f"late scores (batches of {AT_ONCE})", len(begins)):
        late |= reranker.late_scores(texts, {qid: hits[qid] for qid in qids[begin : begin + AT_ONCE]})
    choosing, reporting = qids[::2], qids[1::2]
    _require_some(choosing, late)
    if len(late) < len(qids):
        progress.note(
            f"{len(qids) - len(late)} of {len(qids)} topics keep the first stage's order: fewer than two hits, or no "
            "word that has a vector"
        )
    depths = [depth for depth in DEPTHS if depth < reranker.k] + [reranker.k]
    settings: list[LateSetting] = []
    means: list[float] = []
    for depth in progress.track(depths, "numbers of hits", len(depths)):
        found = {mix: _recall(choosing, hits, late, relevant, depth, mix) for mix in MIXES}
        mix = max(found, key=lambda one: _mean(found[one]))
        means.append(_mean(found[mix]))
        settings.append(LateSetting(depth, mix, _recall(reporting, hits, late, relevant, depth, mix)))
    chosen = next(one for one, mean in zip(settings, means, strict=True) if mean >= max(means) - NO_WORSE)
    return LateTuning(len(qids), _recall(reporting, hits, late, relevant, 0, 1.0), settings, chosen)


def _require_some(choosing: Sequence[str], late: Mapping[str, NDArray[np.float32]]) -> None:
    if not any(qid in late for qid in choosing):
        raise InputError(
            f"not one of the {len(choosing)} topics for choosing has two hits and a word that has a vector: give others"
        )


def _recall(
    qids: Sequence[str],
    hits: Mapping[str, Sequence[Hit]],
    late: Mapping[str, NDArray[np.float32]],
    relevant: Mapping[str, frozenset[str]],
    depth: int,
    mix: float,
) -> dict[str, float]:
    """Return the mean over topics of the share of relevant documents among the first 1, 5 and 10."""
    totals = dict.fromkeys(CUTS, 0.0)
    for qid in qids:
        first = hits[qid]
        order = list(range(min(len(first), max(depth, CUTS[-1]))))
        if qid in late and depth:
            scores = np.array([hit.score for hit in first[:depth]], dtype=np.float64)
            head = np.argsort(-mixed_scores(scores, late[qid][:depth], mix), kind="stable").tolist()
            order = head + order[len(head) :]
        right = [first[place].docid in relevant[qid] for place in order[: CUTS[-1]]]
        for cut in CUTS:
            totals[cut] += sum(right[:cut]) / len(relevant[qid])
    return {f"R@{cut}": total / len(qids) for cut, total in totals.items()}


def _mean(recall: Mapping[str, float]) -> float:
    return sum(recall.values()) / len(recall)
