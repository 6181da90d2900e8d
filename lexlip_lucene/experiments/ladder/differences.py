"""Differences of R@10 between systems of a rung, by a paired randomisation."""

from collections.abc import Iterable, Mapping
from typing import Any

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.evaluate.significance import difference, found_within
from lexlip_lucene.records import Run

K = 10


def differences(runs: Mapping[str, Run], pairs: Iterable[tuple[str, str]], topics: TopicSet) -> list[dict[str, Any]]:
    """Return a record for each pair of which both were run: `a`, `b`, and the `Difference` of R@10 of a and b.

    Args:
        runs: system → its run.
        pairs: the systems a and b of each difference.
        topics: the topics; those of one image are not independent of each other.
    """
    image_of = {qrel.qid: qrel.docid for qrel in topics.qrels}
    records = []
    for a, b in pairs:
        if a in runs and b in runs:
            first, second = (found_within(topics.qrels, runs[name], K) for name in (a, b))
            records.append({"a": a, "b": b, **difference(first, second, image_of)._asdict()})
    return records
