"""Pseudo-relevance for text → picture: do the looks of a text's first hits find more of what it means?

    lexlip encode images CAPTIONS collection --model MODEL --visual --split val
    lexlip topics CAPTIONS topics --split val
    lexlip encode texts topics/topics.tsv queries.jsonl --model MODEL
    python -m lexlip_lucene.experiments.visual.feedback collection queries.jsonl topics/qrels.txt

    s(q, d) = words(q) · words(d)                       the first search
    f(q)    = Σ looks(d) of the first hits              the feedback
    score   = (1 − share) · s(q, d) / s(q, best) + share · f(q) · looks(d) / f(q) · looks(best)

MODEL has visual words. A text has none, so they can only come from hits (Rocchio, 1971). Printed is the recall of each
number of hits and each share, 0 among them; no setting is chosen.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.records import Document, Hit, Run
from lexlip_lucene.vectors.collection import read_collection, read_queries
from lexlip_lucene.vectors.vector_matrix import matrix_of
from lexlip_lucene.words.visual_words import is_visual_word

K = 10

MEASURES = ("R@1", "R@5", "R@10")
"""Printed."""

Scores = NDArray[np.float64]


def columns_of(documents: Sequence[Document], *, visual: bool) -> dict[str, int]:
    """Return the visual words of the documents, or their other tokens, each with its column."""
    tokens = {token for document in documents for token in document.vector if is_visual_word(token) == visual}
    return {token: column for column, token in enumerate(sorted(tokens))}


def with_feedback(first: Scores, looks: csr_array, hits: int, share: float) -> Scores:
    """Return scores (queries, documents) of words and of the first hits' looks.

    Args:
        first: (queries, documents) scores by words.
        looks: (documents, visual words) impacts.
        hits: first hits of a query that give feedback, those with a score; of equal ones those that come first.
        share: of the looks, in 0..1; 0 leaves the order as it is.
    """
    best = np.argsort(-first, axis=1, kind="stable")[:, :hits]
    chosen = np.zeros_like(first)
    np.put_along_axis(chosen, best, np.take_along_axis(first, best, axis=1) > 0, axis=1)
    alike = (csr_array(chosen) @ looks @ looks.T).toarray()
    return (1 - share) * _to_one(first) + share * _to_one(alike)


def _to_one(scores: Scores) -> Scores:
    """Return each row divided by its largest; rows of 0 stay."""
    scaled: Scores = scores / np.maximum(scores.max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return scaled


def run_of(scores: Scores, queries: Sequence[str], documents: Sequence[str], k: int) -> Run:
    """Return the first `k` documents of each query that have a score."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return {
        query: [Hit(documents[d], row[d].item(), rank + 1) for rank, d in enumerate(found) if row[d] > 0]
        for query, row, found in zip(queries, scores, order, strict=True)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path, help="collection with words and looks")
    parser.add_argument("queries", type=Path, help="encoded texts")
    parser.add_argument("qrels", type=Path)
    parser.add_argument("--hits", type=int, nargs="+", default=[1, 3, 10], help="hits that give feedback")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.02, 0.05, 0.1, 0.2, 0.4])
    given = parser.parse_args(arguments)
    documents, texts = list(read_collection(given.collection)), read_queries(given.queries)
    qrels = read_qrels(given.qrels)
    columns = columns_of(documents, visual=False)
    first = (matrix_of(texts, columns) @ matrix_of(documents, columns).T).toarray().astype(np.float64)
    looks = matrix_of(documents, columns_of(documents, visual=True))
    qids, docids = [text.id for text in texts], [document.id for document in documents]
    print("| hits | share | R@1 | R@5 | R@10 |\n| ---: | ---: | ---: | ---: | ---: |")
    for hits, share in [(0, 0.0), *((hits, share) for hits in given.hits for share in given.shares)]:
        scores = with_feedback(first, looks, hits, share) if hits else first
        found = evaluate(qrels, run_of(scores, qids, docids, K))
        print(f"| {hits} | {share:g} | {' | '.join(f'{100 * found[name]:.2f}' for name in MEASURES)} |", flush=True)


if __name__ == "__main__":
    main()
