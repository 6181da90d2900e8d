"""The difficulty of each kind of documents, by exact scores, which shows better than a recall if mixes are like photos.

For every timed topic, the share of a kind that scores higher than the right photo; the figure is the median topic's.
Where 0.3 % of the real photos do and 0.4 % of the mixes, mixes are harder, by a third. And mixes of one photo are
relatives: how many topics have several of them among the first ten.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.experiments.ladder.documents.queries import LadderTopics, Queries
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.experiments.ladder.systems.exact_scores import lexicon_scores
from lexlip_lucene.recipes.ladder_recipe import PointSpec, lexlip_name
from lexlip_lucene.records import Run

RELATIVES = 5
"""The fewest mixes of one photo among the hits of a topic that count as many."""

_AT_ONCE = 50_000

Scores = Callable[[NDArray[np.int64]], NDArray[np.int64] | NDArray[np.float32]]
"""Rows → scores (topics, rows)."""


def shares_before(store: DocumentStore, topics: LadderTopics, point: PointSpec) -> dict[str, dict[str, float]]:
    """Return system → kind → share of its documents before the right photo, 0..1, for the median of the timed topics.

    The systems are LexLIP at `point` and the dense twin, if any. Documents that score the same count half.
    """
    queries = topics.queries.some(topics.timed_places)
    row_of = {docid: row for row, docid in enumerate(store.ids[: store.facts["targets"]])}
    image_of = {qrel.qid: qrel.docid for qrel in topics.topic_set.qrels}
    right = np.array([row_of[image_of[qid]] for qid in queries.qids])
    systems = {lexlip_name(point): _lexicon(store, queries, point)}
    dense, vectors = store.dense, queries.dense
    if dense is not None and vectors is not None:
        systems[FLAT] = lambda rows: np.asarray(vectors @ dense[rows].T)
    return {name: _shares(store, right, scores) for name, scores in systems.items()}


def relatives(store: DocumentStore, run: Run) -> float:
    """Return the share of a run's topics, 0..1, that have `RELATIVES` mixes of one photo, or more, among their hits."""
    row_of = {docid: row for row, docid in enumerate(store.ids)}
    many = 0
    for hits in run.values():
        photos = store.parents[[row_of[hit.docid] for hit in hits]] if hits else store.parents[:0]
        counts = Counter(photo for row in photos.tolist() for photo in set(row) if photo >= 0)
        many += max(counts.values(), default=0) >= RELATIVES
    return many / max(len(run), 1)


def _lexicon(store: DocumentStore, queries: Queries, point: PointSpec) -> Scores:
    place = {token: column for column, token in enumerate(store.tokens)}

    def scores(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        columns = store.matrix(rows, top_k=point.top_k, bits=point.bits).tocsc()
        return np.stack([lexicon_scores(columns, place, query) for query in queries.impacts])

    return scores


def _shares(store: DocumentStore, right: NDArray[np.int64], scores: Scores) -> dict[str, float]:
    """Return kind → share; `right` (topics,) has the row of each topic's photo, which is of the first kind."""
    targets = np.arange(store.facts["targets"])
    own = scores(targets)[np.arange(len(right)), right][:, None]
    shares = {}
    for kind, rows in store.kinds.items():
        before, others = np.zeros(len(right)), len(rows)
        for begin in range(rows.start, rows.stop, _AT_ONCE):
            part = scores(np.arange(begin, min(begin + _AT_ONCE, rows.stop)))
            before += (part > own).sum(axis=1) + (part == own).sum(axis=1) / 2
        if kind == "targets":  # the photo itself is one of those that score the same
            before, others = before - 0.5, others - 1
        shares[kind] = float(np.median(before / max(others, 1)))
    return shares
