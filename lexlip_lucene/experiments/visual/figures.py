"""The figures of one way to find pictures by pictures: copies that find their originals, and neighbours."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.visual.caption_likeness import CaptionLikeness
from lexlip_lucene.records import Hit, Qrel, Run

NEIGHBOURS = 10
"""Nearest photos that are compared by their captions, and that dense search gives."""

SHORTLIST = 200
"""First hits among which the dense neighbours should be, and which a second stage reorders."""

PLAIN = "plain"
"""The queries that are photos as they are; all others are altered copies."""


class Figures(NamedTuple):
    """The figures of what was found; fractions from 0 to 1.

    Attributes:
        recall: alteration → R@1 and R@10 of the originals.
        likeness: of the ten nearest among the photos that codes were fitted on.
        shortlisted: share of the ten dense neighbours, the photo itself left out, among the first 200 hits.
    """

    recall: dict[str, dict[str, float]]
    likeness: float
    shortlisted: float


def figures_of(
    runs: Mapping[str, Run],
    likeness: CaptionLikeness,
    dense: Mapping[str, Sequence[str]],
    *,
    shortlist: int = SHORTLIST,
) -> Figures:
    """Return the figures of runs by the sets of queries, `PLAIN` and altered ones; a query's id is its original's.

    Args:
        runs: set → its run, over all documents, deep enough for the shortlist and the photo itself.
        likeness: of captions.
        dense: photo → its ten dense neighbours.
        shortlist: hits that are looked at.
    """
    recall = {name: found_again(run, dense) for name, run in runs.items() if name != PLAIN}
    near = neighbours(runs[PLAIN])
    shares = [
        len(set(wanted) & set(near.get(id, ())[:shortlist])) / len(wanted) for id, wanted in dense.items() if wanted
    ]
    return Figures(recall, likeness.of_neighbours(near, NEIGHBOURS), sum(shares) / len(shares))


def found_again(run: Run, ids: Mapping[str, object] | Sequence[str]) -> dict[str, float]:
    """Return R@1 and R@10 of queries whose only answer is the document of their own id."""
    figures = evaluate([Qrel(id, id, 1) for id in ids], run)
    return {name: figures[name] for name in ("R@1", "R@10")}


def neighbours(run: Run) -> dict[str, list[str]]:
    """Return the documents that each photo finds, without itself."""
    return {qid: [hit.docid for hit in hits if hit.docid != qid] for qid, hits in run.items()}


def ids_of(hits: Mapping[str, Sequence[Hit]]) -> dict[str, list[str]]:
    """Return docids by rank."""
    return {qid: [hit.docid for hit in found] for qid, found in hits.items()}
