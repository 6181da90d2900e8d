"""The choice of the shares of LexLIP and BM25 when they are fused, at each rung, on photos without reported figures.

These photos come in the store after those that topics ask for. They are searched among as many documents as the rung
has, the photos asked for left out: what is best among a thousand documents is far from it among a million, where a
side that finds nothing by itself still tells the other's candidates apart.

The choice is the share with the best mean of R@1, R@5 and R@10; of equal ones the first.
"""

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.evaluate.tuned_share import best_share, mean_figure, tuned_share
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.bm25 import Bm25System
from lexlip_lucene.experiments.ladder.systems.exact_scores import lexicon_scores
from lexlip_lucene.experiments.ladder.systems.fused import DEPTH
from lexlip_lucene.experiments.ladder.systems.lexlip import with_texts
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import PointSpec
from lexlip_lucene.records import Impacts, Qrel, Run

CAPTION_SHARES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Candidates of the factor on a caption's weights beside those of its image, in one field."""

K = 10


def tuned_shares(point: PointSpec, rung: Rung, queries: Queries, qrels: Sequence[Qrel], progress: Progress) -> Shares:
    """Try every candidate, and choose the best.

    Args:
        point: LexLIP's operating point.
        rung: the documents, the tuning photos among them; its folder holds an index while this runs.
        queries: the tuning topics.
        qrels: their judgements.
        progress: shows how far it is.
    """
    images = rung.store.matrix(rung.order, top_k=point.top_k, bits=point.bits)
    texts = rung.store.text_matrix(rung.order)
    progress.note(f"{rung.documents} documents: choosing shares on {len(queries.qids)} topics of photos kept apart")
    lexlip, bm25 = _searched(images, rung, queries, DEPTH), _bm25(rung, queries, progress)
    fused = tuned_share(lexlip, bm25, qrels, progress=progress)
    one = {
        str(share): mean_figure(_searched(with_texts(images, texts, share), rung, queries, K), qrels)
        for share in progress.track(CAPTION_SHARES, "shares of the caption in one field", len(CAPTION_SHARES))
    }
    return Shares(fused.share, best_share(one), fused.figures, one)


def _bm25(rung: Rung, queries: Queries, progress: Progress) -> Run:
    system, folder = Bm25System(), rung.folder / "bm25"
    system.build(rung, folder, 1, progress)
    opened = system.open(folder, queries)
    try:
        answers = opened.many(range(len(queries.qids)), DEPTH, 1)
    finally:
        opened.close()
        shutil.rmtree(folder)
    return rung.run(dict(zip(queries.qids, answers, strict=True)))


def _searched(matrix: Any, rung: Rung, queries: Queries, k: int) -> Run:
    """Search the rows of a matrix with every query, as an index of them would, without building one."""
    answers = zip(queries.qids, _top_rows(matrix.tocsc(), rung.store.tokens, queries.impacts, k), strict=True)
    return {qid: rung.hits(rows, scores) for qid, (rows, scores) in answers}


def _top_rows(
    columns: Any, tokens: Sequence[str], queries: Sequence[Impacts], k: int
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the first `k` rows of each query and their scores; ties go to the smaller row, as to the smaller docid."""
    place = {token: column for column, token in enumerate(tokens)}
    for query in queries:
        scores = lexicon_scores(columns, place, query)
        rows = _first(scores, k)
        yield rows.tolist(), scores[rows].tolist()


def _first(scores: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    found = np.flatnonzero(scores)
    if len(found) > k:
        least = np.partition(scores[found], -k)[-k]
        found = found[scores[found] >= least]
    return found[np.argsort(-scores[found], kind="stable")][:k]
