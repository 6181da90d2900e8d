"""The run of `lexlip search` with many queries: topics, or queries that are encoded already."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexlip_lucene.cli.late import reranker, said_of_silent
from lexlip_lucene.cli.narrowing import lost_nothing
from lexlip_lucene.cli.open_index import open_impacts, open_texts
from lexlip_lucene.cli.place import Place
from lexlip_lucene.cli.query import WITHOUT_MODEL, encoded_queries, made_with, require_kind, with_captions
from lexlip_lucene.cli.search_setting import SearchSetting, approximation_record, narrowed
from lexlip_lucene.cli.verb import answer

if TYPE_CHECKING:
    from lexlip_lucene.late.late_reranker import LateReranker
    from lexlip_lucene.progress import Progress
    from lexlip_lucene.records import Hit

AT_ONCE = 64
"""Queries that are re-ranked together."""


class QuerySource(NamedTuple):
    """The queries of a run: a file of topics, or one of encoded queries; and what encodes topics."""

    topics: Path | None
    encoded: Path | None
    model: Path | None


def search_many(index: Place, source: QuerySource, output: Path, setting: SearchSetting) -> None:
    """Search with the queries of `source`, write the run `output`, and answer with its figures."""
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files.written import require_absent

    require_absent(output, force=setting.force)
    found = _timed(index, source, setting)
    run, seconds = found.run, found.seconds
    write_run(output, run, force=setting.force)
    without_hits = sum(not hits for hits in run.values())
    record = {
        "topics": len(run),
        "without_hits": without_hits,
        "seconds": seconds,
        "queries_per_second": len(run) / max(seconds, 1e-9),
        "run": output.absolute(),
    }
    text = (
        f"{output}: {len(run)} topics ({without_hits} without hits) in {seconds:.2f} s "
        f"({record['queries_per_second']:.0f} queries/s, search only)"
    )
    if setting.late is not None:
        text += f"\nthe first {setting.late.hits} hits of each were re-ranked by {setting.late.store}"
        text += said_of_silent(found.silent, len(run))
        record["not_reranked"] = found.silent
    if setting.approximate is not None:
        firsts = {qid: narrowed(hits) for qid, hits in found.first.items()}
        record["approximate"] = approximation_record(setting.approximate)
        record["unseen"] = {qid: hits.unseen for qid, hits in firsts.items()}
        sure = sum(lost_nothing(hits, setting.first_k) for hits in firsts.values())
        text += f"\napproximate: for {sure} of {len(run)} topics it is sure that nothing was lost"
    answer(record, text, as_json=setting.as_json)


class _Found(NamedTuple):
    """A run, the hits of its first stage, and the seconds that it took, without encoding the queries.

    `silent` topics have no word that has a vector, so they are not re-ranked.
    """

    run: "Mapping[str, Sequence[Hit]]"
    first: "Mapping[str, Sequence[Hit]]"
    seconds: float
    silent: int = 0


def _timed(index: Place, source: QuerySource, setting: SearchSetting) -> _Found:
    from lexlip_lucene.data.topics import read_topics
    from lexlip_lucene.data.trec_id import require_distinct_as_written
    from lexlip_lucene.progress import for_terminal

    topics, encoded, model = source
    progress = for_terminal()
    if topics is not None and model is None:
        model = made_with(index)
    if topics is not None and model is None:
        require_kind(index, "bm25", "give --model MODEL to encode the topics, or encoded queries with --encoded")
        setting.require_exact(index)
        texts = {topic.qid: topic.text for topic in read_topics(topics)}
        require_distinct_as_written(texts, "topic")
        with open_texts(index) as captions:
            captions.require_distinct_ids()
            begun = time.perf_counter()
            run = captions.search_batch(
                texts, setting.k, threads=setting.threads, filters=setting.filters, progress=progress
            )
            return _Found(run, run, time.perf_counter() - begun)
    require_kind(index, "impact", WITHOUT_MODEL if encoded is None else "search it with --topics")
    queries = encoded_queries(index, topics, encoded, model)
    second = None if setting.late is None else reranker(index, model, setting.late)
    require_distinct_as_written(queries, "topic")  # before the search, whose run could not be written
    with open_impacts(index, setting.approximate) as images:
        images.require_distinct_ids()
        queries = with_captions(queries, topics, images)
        begun = time.perf_counter()
        run = first = images.search_batch(
            queries, setting.first_k, threads=setting.threads, filters=setting.filters, progress=progress
        )
        if second is None:
            return _Found(run, first, time.perf_counter() - begun)
        texts = {} if topics is None else {topic.qid: topic.text for topic in read_topics(topics)}
        run, silent = _reranked(second, texts, first, setting.k, progress)
        return _Found(run, first, time.perf_counter() - begun, silent)


def _reranked(
    second: "LateReranker",
    texts: Mapping[str, str],
    first: "Mapping[str, Sequence[Hit]]",
    k: int,
    progress: "Progress",
) -> "tuple[Mapping[str, Sequence[Hit]], int]":
    """Re-rank some queries at a time, so that their patches fit into memory; return how many are silent as well."""
    qids = list(first)
    begins = range(0, len(qids), AT_ONCE)
    run: dict[str, Sequence[Hit]] = {}
    silent = 0
    for begin in progress.track(begins, f"re-ranking (batches of {AT_ONCE})", len(begins)):
        some = {qid: first[qid] for qid in qids[begin : begin + AT_ONCE]}
        run |= {qid: hits[:k] for qid, hits in second.rerank_batch(texts, some).items()}
        silent += sum(not second.hears(texts[qid]) for qid in some)
    return run, silent
