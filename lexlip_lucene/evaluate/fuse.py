"""Fusion of runs: by ranks only, or by scores brought to one scale.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): score(d) = Σ over runs 1 / (k + rank of d), so
with k = 60 a document at ranks 1 and 2 has 1/61 + 1/62 = 0.0325. A run that lacks a document adds nothing.

Interpolation: score(d) = alpha · a(d) + (1 - alpha) · b(d).
"""

import math
from collections import defaultdict
from collections.abc import Sequence

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.run import best_first, rank_hits
from lexlip_lucene.integers import as_int
from lexlip_lucene.records import Hit, Run


def reciprocal_rank_fusion(runs: Sequence[Run], *, k: int = 60, depth: int = 1000) -> Run:
    """Fuse runs by the ranks of their hits, which are those of their scores.

    Args:
        runs: a topic that is only in some of them is kept.
        k: from 0; the larger, the less the first ranks count. 60 is the paper's.
        depth: hits that a topic keeps, from 1.

    Returns:
        Topics in the order in which they are met first; ties go to the smaller docid.

    Raises:
        InputError: `k` or `depth` is out of range.
    """
    k, depth = as_int(k, "k of reciprocal rank fusion"), as_int(depth, "depth")
    if k < 0:
        raise InputError(f"k of reciprocal rank fusion must be at least 0, but it is {k}")
    return {qid: rank_hits(_by_ranks([run.get(qid, []) for run in runs], k), depth) for qid in _topics(runs)}


def interpolate(a: Run, b: Run, *, alpha: float, depth: int = 1000) -> Run:
    """Fuse two runs by their scores, each brought to 0..1 per topic.

    BM25 scores and impact scores share no unit, nor do the scores of two topics of one run: so min-max
    normalisation first. The best hit of a run counts 1, its last 0, as does a document that it lacks; where all
    hits of a topic have the same score, each counts 1.

    Args:
        a: one run; a topic that is only in one of the two is kept.
        b: the other run.
        alpha: the weight of `a`, 0 to 1; `b` has the rest.
        depth: hits that a topic keeps, from 1.

    Returns:
        Topics in the order in which they are met first; ties go to the smaller docid.

    Raises:
        InputError: `alpha` or `depth` is out of range.
    """
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha must be from 0 to 1, but it is {alpha}")
    fused: dict[str, list[Hit]] = {}
    for qid in _topics([a, b]):
        of_a, of_b = _normalised(a.get(qid, [])), _normalised(b.get(qid, []))
        docids = of_a | of_b
        scored = ((docid, alpha * of_a.get(docid, 0.0) + (1 - alpha) * of_b.get(docid, 0.0)) for docid in docids)
        fused[qid] = rank_hits(scored, depth)
    return fused


def _topics(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(qid for run in runs for qid in run))


def _by_ranks(rankings: Sequence[Sequence[Hit]], k: int) -> list[tuple[str, float]]:
    shares: dict[str, list[float]] = defaultdict(list)
    for hits in rankings:
        # The place by score counts, not the rank as written: some systems write the same one on every line.
        for place, hit in enumerate(best_first(hits), start=1):
            shares[hit.docid].append(1 / (k + place))
    # fsum rounds once, so documents with the same ranks in another order of runs tie exactly.
    return [(docid, math.fsum(parts)) for docid, parts in shares.items()]


def _normalised(hits: Sequence[Hit]) -> dict[str, float]:
    if not hits:
        return {}
    low, high = min(hit.score for hit in hits), max(hit.score for hit in hits)
    if low == high:
        return dict.fromkeys((hit.docid for hit in hits), 1.0)
    # Halves, where the scores are so far apart that their difference is not a finite float.
    part = 2 if isinstance(high - low, float) and math.isinf(high - low) else 1
    return (
        {hit.docid: (hit.score / part - low / part) / (high / part - low / part) for hit in hits}
        if part > 1
        else {hit.docid: (hit.score - low) / (high - low) for hit in hits}
    )
