"""What separates the systems of a rung that the claims are about: R@10, by a paired randomisation."""

from collections.abc import Mapping
from typing import Any

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.evaluate.significance import difference, found_within
from lexlip_lucene.recipes.ladder_recipe import BM25, CLIP_FLAT, FLAT, INTERPOLATED, ONE_FIELD, RRF
from lexlip_lucene.records import Run

K = 10


def differences(runs: Mapping[str, Run], best: str, topics: TopicSet) -> list[dict[str, Any]]:
    """Return a record for each pair of which both were run: `a`, `b`, and the `Difference` of R@10 of a and b.

    Args:
        runs: system → its run.
        best: LexLIP at the operating point that other systems build on.
        topics: what was asked; those of one image are not independent of each other.
    """
    pairs = ((best, BM25), (best, FLAT), (best, CLIP_FLAT), (RRF, BM25), (INTERPOLATED, BM25), (ONE_FIELD, BM25))
    image_of = {qrel.qid: qrel.docid for qrel in topics.qrels}
    found = []
    for a, b in pairs:
        if a in runs and b in runs:
            first, second = (found_within(topics.qrels, runs[name], K) for name in (a, b))
            found.append({"a": a, "b": b, **difference(first, second, image_of)._asdict()})
    return found
