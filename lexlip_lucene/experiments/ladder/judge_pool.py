"""The documents that are ranked before the right image, for a person to see how many of these "errors" are matches.

    {"qid": …, "query": …, "image": …, "rank": 7, "before": [{"docid": …, "rank": 1, "score": …, "tokens": […], …}]}

A line a topic whose image is not first. A photo is shown by its id; a mix, which has no picture, by the photos that it
is made of; both by their tokens in the index. The image's `rank` is null beyond the first ten.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.experiments.ladder.run import Ladder
from lexlip_lucene.files.written import written_file

TOKENS = 12
"""Tokens that are shown of a document."""


def write_judge_pool(ladder: Ladder, path: Path, *, force: bool = False) -> int:
    """Write the pool of LexLIP's first operating point at the largest rung; return the number of its topics.

    Raises:
        OutputError: `path` exists and `force` is off, or can't be written.
    """
    lines = 0
    with written_file(path, force=force) as file:
        for line in _pool(ladder):
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            lines += 1
    return lines


def _pool(ladder: Ladder) -> Iterator[dict[str, Any]]:
    run = ladder.rungs[-1].runs[ladder.recipe.main]
    row_of = {docid: row for row, docid in enumerate(ladder.store.ids)}
    image_of = {qrel.qid: qrel.docid for qrel in ladder.topics.qrels}
    for topic in ladder.topics.topics:
        hits, image = list(run[topic.qid]), image_of[topic.qid]
        rank = next((hit.rank for hit in hits if hit.docid == image), None)
        if rank == 1:
            continue
        before = [hit for hit in hits if rank is None or hit.rank < rank]
        shown = [
            {"docid": hit.docid, "rank": hit.rank, "score": hit.score, **_described(ladder.store, row_of[hit.docid])}
            for hit in before
        ]
        yield {"qid": topic.qid, "query": topic.text, "image": image, "rank": rank, "before": shown}


def _described(store: DocumentStore, row: int) -> dict[str, Any]:
    weighted = store.weights[row, :TOKENS] > 0
    parents = [int(parent) for parent in store.parents[row] if parent >= 0]
    first = store.facts["targets"] + store.facts["kept"]  # a mix is of the photos after these
    return {
        "tokens": [store.facts["tokens"][position] for position in store.positions[row, :TOKENS][weighted].tolist()],
        "mix_of": [store.ids[first + parent] for parent in parents],
    }
