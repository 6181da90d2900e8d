"""`lexlip search`: one query, or a file of topics or encoded queries into a run."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.query import (
    WITHOUT_MODEL,
    encoded_query,
    is_bm25,
    require_kind,
    require_same_vocabulary,
)
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Hit, Impacts, Run


@verb
def search(
    index: Annotated[Path, typer.Argument(help="Index folder.")],
    query: Annotated[str | None, typer.Option(help="One query: words, or `token:weight …` without a model.")] = None,
    topics: Annotated[Path | None, typer.Option(help="topics.tsv: qid TAB text.")] = None,
    encoded: Annotated[Path | None, typer.Option(help="Encoded queries, .jsonl.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder that encodes the query.")] = None,
    output: Annotated[Path | None, typer.Option(help="Run to write, TREC six columns.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="Hits a query: 10 for --query, 1000 for a run.")] = None,
    threads: Annotated[int, typer.Option(help="Search threads.")] = 1,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Search an index with one query, or with many.

    An impact index takes words with --model, or `token:weight …`; a BM25 index takes words without a model.

    \b
    Example: lexlip search photos-index --query "a red bicycle" --model model
    """
    if sum(source is not None for source in (query, topics, encoded)) != 1:
        raise InputError("search needs exactly one of --query, --topics and --encoded")
    if k is None:
        k = 1000 if query is None else 10
    for name, value in (("-k", k), ("--threads", threads)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if query is not None:
        if output is not None:
            raise InputError("--output is for a run: give --topics or --encoded, or leave it out with --query")
        _one(index, query, model, k, json)
        return
    if output is None:
        raise InputError("--topics and --encoded write a run: say where with --output RUN")
    _many(index, topics, encoded, model, output, k, threads, json, force)


def _one(index: Path, query: str, model: Path | None, k: int, as_json: bool) -> None:
    from lexlip_lucene.lucene.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.impact_searcher import ImpactSearcher

    weights: Mapping[str, int]
    if is_bm25(index, query, model):
        with Bm25Searcher(index) as texts:
            weights = texts.terms(query)
            begun = time.perf_counter()
            hits = texts.search(query, k)
    else:
        weights = encoded_query(index, query, model)
        with ImpactSearcher(index) as images:
            begun = time.perf_counter()
            hits = images.search(dict(weights), k)
    milliseconds = 1000 * (time.perf_counter() - begun)
    record = {
        "query": query,
        "weights": dict(weights),
        "hits": [hit._asdict() for hit in hits],
        "milliseconds": milliseconds,
    }
    if as_json and not hits:
        print(_nothing(query, weights), file=sys.stderr)
    answer(record, _told(query, weights, hits, milliseconds), as_json=as_json)


def _nothing(query: str, weights: Mapping[str, int]) -> str:
    if not weights:
        return f"no hits: the query {query!r} has no known token that could be searched for"
    return f"no hits: no document has any of the tokens {' '.join(weights)}"


def _told(query: str, weights: Mapping[str, int], hits: Sequence[Hit], milliseconds: float) -> str:
    if not hits:
        return _nothing(query, weights)
    lines = ["query  " + " ".join(f"{token}:{weight}" for token, weight in weights.items())]
    lines += [f"{hit.rank:>5}  {_score(hit.score):>9}  {hit.docid}" for hit in hits]
    return "\n".join([*lines, f"{len(hits)} hits in {milliseconds:.1f} ms"])


def _score(score: int | float) -> str:
    return str(score) if isinstance(score, int) else f"{score:.4f}"


def _many(
    index: Path,
    topics: Path | None,
    encoded: Path | None,
    model: Path | None,
    output: Path,
    k: int,
    threads: int,
    as_json: bool,
    force: bool,
) -> None:
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files import require_absent

    require_absent(output, force=force)
    run, seconds = _searched(index, topics, encoded, model, k, threads)
    write_run(output, run, force=force)
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
        f"({record['queries_per_second']:.0f} queries/s, search alone)"
    )
    answer(record, text, as_json=as_json)


def _searched(
    index: Path, topics: Path | None, encoded: Path | None, model: Path | None, k: int, threads: int
) -> tuple[Run, float]:
    """Search and time the search alone, without encoding the queries."""
    from lexlip_lucene.data.topics import read_topics
    from lexlip_lucene.lucene.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.impact_searcher import ImpactSearcher
    from lexlip_lucene.progress import for_terminal

    progress = for_terminal()
    if topics is not None and model is None:
        require_kind(index, "bm25", "give --model MODEL to encode the topics, or encoded queries with --encoded")
        texts = {topic.qid: topic.text for topic in read_topics(topics)}
        with Bm25Searcher(index) as searcher:
            begun = time.perf_counter()
            return searcher.search_batch(texts, k, threads=threads, progress=progress), time.perf_counter() - begun
    require_kind(index, "impact", WITHOUT_MODEL if encoded is None else "search it with --topics")
    queries = _encoded_queries(index, topics, encoded, model)
    with ImpactSearcher(index) as impacts:
        begun = time.perf_counter()
        return impacts.search_batch(queries, k, threads=threads, progress=progress), time.perf_counter() - begun


def _encoded_queries(index: Path, topics: Path | None, encoded: Path | None, model: Path | None) -> dict[str, Impacts]:
    from lexlip_lucene.data.topics import read_topics
    from lexlip_lucene.vectors.collection import read_queries
    from lexlip_lucene.vectors.manifest import read_manifest

    if encoded is not None:
        if model is not None:
            raise InputError("--encoded holds queries that are encoded already: leave --model out")
        queries = {query.id: query.vector for query in read_queries(encoded)}
        manifest = read_manifest(encoded)
        if manifest is not None:
            require_same_vocabulary(index, manifest.vocabulary_sha256, str(encoded))
        return queries
    assert topics is not None and model is not None, "the caller has checked the options"
    read = read_topics(topics)
    from lexlip_lucene.encoders.lexlip import LexLip

    loaded = LexLip.from_pretrained(model)
    require_same_vocabulary(index, loaded.lexicon.sha256, str(model))
    vectors = loaded.encode_texts([topic.text for topic in read])
    return {topic.qid: vector for topic, vector in zip(read, vectors, strict=True)}
