"""The cost of re-ranking at scale: `python -m lexlip_lucene.experiments.late.cost --model M --late STORE --topics T …`.

A store of so many documents is written: the pictures of STORE again and again, under docids of their own, so that a
document has the bytes of a real one. Then each text re-ranks hits that are drawn at random, so most pages are touched
for the first time: the store is taken out of the system's memory before. The record has the milliseconds of opening,
those of a query (in one thread; the first pass, from the disk, and a second one), and the megabytes that the process
grew by; the first stage is no part of it. `lexlip` has no verb for it.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from lexlip_lucene.data.topics import read_topics
from lexlip_lucene.experiments.engine.memory import process_bytes
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_writer import written_store
from lexlip_lucene.progress import SILENT, Progress, for_terminal
from lexlip_lucene.records import Hit

SEED = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model with a late head")
    parser.add_argument("--late", type=Path, required=True, help="patch store of some pictures")
    parser.add_argument("--topics", type=Path, required=True, help="topics.tsv")
    parser.add_argument("--documents", type=int, default=1_000_000, help="documents of the store that is measured")
    parser.add_argument("--hits", type=int, default=100, help="hits that a query re-ranks")
    parser.add_argument("--queries", type=int, default=500, help="queries, at most")
    given = parser.parse_args(arguments)
    with TemporaryDirectory(dir=given.late.parent) as folder:
        place = Path(folder) / "large"
        repeated(given.late, place, given.documents, progress=for_terminal())
        texts = [topic.text for topic in read_topics(given.topics)][: given.queries]
        print(orjson.dumps(cost(given.model, place, texts, given.hits), option=orjson.OPT_INDENT_2).decode())


def repeated(store: Path, output: Path, documents: int, *, progress: Progress = SILENT) -> None:
    """Write a store of `documents` documents with the vectors of those in `store`, over and over."""
    with PatchStore.open(store) as source, written_store(output, source.manifest.kind) as writer:
        pictures = [coded for _, coded in source.coded()]
        for number, coded in enumerate(progress.track(islice(cycle(pictures), documents), "documents", documents)):
            writer.add_coded(f"{number:08d}", coded)


def cost(model: Path, store: Path, texts: Sequence[str], hits: int) -> dict[str, Any]:
    """Return the figures of re-ranking `hits` drawn documents of the store for each of `texts`."""
    from lexlip_lucene.encoders.query.late_query import LateQuery

    query = LateQuery(model)
    for text in texts:
        query(text)  # what the text side loads is not the store's
    _forget(store)
    before = process_bytes()
    begun = time.perf_counter()
    with PatchStore.open(store, model_sha256=query.sha256) as opened:
        open_milliseconds = 1000 * (time.perf_counter() - begun)
        reranker = LateReranker(opened, query, k=hits)
        drawn = list(_drawn(opened.documents, len(texts), hits))
        first = _milliseconds(reranker, texts, drawn)
        grown = process_bytes() - before
        again = _milliseconds(reranker, texts, drawn)
        return {
            "documents": opened.documents,
            "bytes": sum(entry.bytes for entry in opened.manifest.files.values()),
            "hits": hits,
            "queries": len(texts),
            "open_milliseconds": open_milliseconds,
            "median_milliseconds": statistics.median(again),
            "p95_milliseconds": again[int(0.95 * len(again))],
            "from_disk_median_milliseconds": statistics.median(first),
            "from_disk_p95_milliseconds": first[int(0.95 * len(first))],
            "grown_megabytes": grown / 1e6,
        }


def _drawn(documents: int, queries: int, hits: int) -> Iterator[list[Hit]]:
    chance = random.Random(SEED)
    for _ in range(queries):
        docids = [f"{number:08d}" for number in chance.sample(range(documents), hits)]
        yield [Hit(docid, hits - place, place + 1) for place, docid in enumerate(docids)]


def _milliseconds(reranker: LateReranker, texts: Sequence[str], drawn: Sequence[Sequence[Hit]]) -> list[float]:
    """Return what each query took, the quickest first."""
    taken = []
    for text, hits in zip(texts, drawn, strict=True):
        begun = time.perf_counter()
        reranker.rerank(text, hits)
        taken.append(1000 * (time.perf_counter() - begun))
    return sorted(taken)


def _forget(store: Path) -> None:
    """Have the system drop from its memory what it holds of the store's files."""
    for path in store.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
