"""The significance of a difference between two runs: a paired randomisation test over groups of topics.

Under the null hypothesis the two systems are exchangeable: for each group the sign of its difference could as well be
the other. p = (1 + number of random sign patterns whose |sum| is at least that observed) / (1 + patterns), two-sided
(Fisher; Smucker, Allan and Carterette, CIKM 2007, for retrieval). Captions of one image are not independent topics, so
they change sign together.

Differences 1, 1 and 1 of three groups: 2 of the 8 patterns reach |sum| 3, so p is about 0.25.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.run import best_first
from lexlip_lucene.records import Qrel, Run

PATTERNS, SEED = 10_000, 7

_AT_ONCE = 1_000


class Difference(NamedTuple):
    """Mean of `a` minus mean of `b`, its 95 % interval by bootstrap over groups, and the p-value."""

    mean: float
    low: float
    high: float
    p: float


def found_within(qrels: Sequence[Qrel], run: Run, k: int) -> dict[str, float]:
    """Return qid → 1.0 where a relevant document is among the first `k` hits, else 0.0, for all qids of the qrels."""
    wanted: dict[str, set[str]] = {}
    for qrel in qrels:
        wanted.setdefault(qrel.qid, set())
        if qrel.grade >= 1:
            wanted[qrel.qid].add(qrel.docid)
    return {
        qid: float(any(hit.docid in docids for hit in best_first(run.get(qid, []))[:k]))
        for qid, docids in wanted.items()
    }


def difference(a: Mapping[str, float], b: Mapping[str, float], group_of: Mapping[str, str]) -> Difference:
    """Compare two systems on the same topics.

    Args:
        a: qid → figure of one system.
        b: qid → figure of the other.
        group_of: qid → what its topic shares with others (its image).

    Raises:
        InputError: the topics differ, or there is none.
    """
    if set(a) != set(b) or not a:
        raise InputError(f"both systems need figures of the same topics, at least one: got {len(a)} and {len(b)}")
    groups: dict[str, list[float]] = {}
    for qid in a:
        groups.setdefault(group_of[qid], []).append(a[qid] - b[qid])
    sums = np.array([sum(values) for values in groups.values()])
    sizes = np.array([len(values) for values in groups.values()])
    chance = np.random.default_rng(SEED)
    reached, means = 0, []
    for _ in range(0, PATTERNS, _AT_ONCE):
        signs = chance.choice((-1.0, 1.0), size=(_AT_ONCE, len(sums)))
        reached += int((np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9).sum())
        drawn = chance.integers(len(sums), size=(_AT_ONCE, len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Difference(float(sums.sum() / sizes.sum()), float(low), float(high), (1 + reached) / (1 + PATTERNS))
