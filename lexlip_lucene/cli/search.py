"""`lexlip search`: one query, or a file of topics or encoded queries into a run."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lexlip_lucene.cli.narrowing import approximation_of, lost_nothing, parse_filters, what_may_be_lost
from lexlip_lucene.cli.query import WITHOUT_MODEL, encoded_queries, encoded_query, is_bm25, require_kind
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.lucene.search.hits import Hits


class _How(NamedTuple):
    """How is searched, whatever is searched for."""

    k: int
    threads: int
    filters: dict[str, list[str]]
    approximate: "Approximation | None"

    def require_exact(self, index: Path) -> None:
        if self.approximate is not None:
            raise InputError(
                f"{index} is searched by BM25, which is always exact: --postings, --candidates and --terms are for an "
                "impact index, so leave them out"
            )


@verb
def search(
    index: Annotated[Path, typer.Argument(help="Index folder.")],
    query: Annotated[str | None, typer.Option(help="One query: words, or `token:weight …` without a model.")] = None,
    topics: Annotated[Path | None, typer.Option(help="topics.tsv: qid TAB text.")] = None,
    encoded: Annotated[Path | None, typer.Option(help="Encoded queries, .jsonl.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder that encodes the query.")] = None,
    output: Annotated[Path | None, typer.Option(help="Run to write, TREC six columns.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="Hits a query: 10 for --query, 1000 for a run.")] = None,
    threads: Annotated[int, typer.Option(help="Java threads that share the queries of a run out.")] = 1,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="KEY=VALUE", help="Only documents with this keyword; KEY again: or with that."
        ),
    ] = None,
    postings: Annotated[int | None, typer.Option(help="Approximate: postings of a query to look at.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Approximate: documents to score exactly, 200.")] = None,
    terms: Annotated[int | None, typer.Option(help="Approximate: a query's heaviest tokens to look at.")] = None,
    document_terms: Annotated[int | None, typer.Option(help="Approximate: a document's, likewise.")] = None,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Search an index with one query, or with many.

    An impact index takes words with --model, or `token:weight …`; a BM25 index takes words without a model. Search is
    exact unless --postings, --candidates, --terms or --document-terms is given; `lexlip tune` finds numbers for a
    wanted recall. The first approximate search of a process reads the whole index, so they are for many queries.

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
    narrowed = approximation_of(terms=terms, postings=postings, candidates=candidates, document_terms=document_terms)
    how = _How(k, threads, parse_filters(filters or []), narrowed)
    if query is not None:
        if output is not None:
            raise InputError("--output is for a run: give --topics or --encoded, or leave it out with --query")
        _one(index, query, model, how, json)
        return
    if output is None:
        raise InputError("--topics and --encoded write a run: say where with --output RUN")
    _many(index, topics, encoded, model, output, how, json, force)


def _one(index: Path, query: str, model: Path | None, how: _How, as_json: bool) -> None:
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    weights: Mapping[str, int]
    if is_bm25(index, query, model):
        how.require_exact(index)
        with Bm25Searcher(index) as texts:
            weights = texts.terms(query)
            begun = time.perf_counter()
            hits = texts.search(query, how.k, filters=how.filters)
    else:
        weights = encoded_query(index, query, model)
        with ImpactSearcher(index) as images:
            begun = time.perf_counter()
            hits = images.search(dict(weights), how.k, filters=how.filters, approximate=how.approximate)
    milliseconds = 1000 * (time.perf_counter() - begun)
    record: dict[str, Any] = {
        "query": query,
        "weights": dict(weights),
        "hits": [hit._asdict() for hit in hits],
        "milliseconds": milliseconds,
    }
    if how.approximate is not None:
        record |= {"approximate": _setting(how.approximate), "unseen": hits.unseen}
    if as_json and not hits:
        print(_nothing(query, weights, how), file=sys.stderr)
    answer(record, _told(query, weights, hits, how, milliseconds), as_json=as_json)


def _nothing(query: str, weights: Mapping[str, int], how: _How) -> str:
    if not weights:
        return f"no hits: the query {query!r} has no known token that could be searched for"
    if how.filters:
        return f"no hits: no document that the filter lets through has any of the tokens {' '.join(weights)}"
    return f"no hits: no document has any of the tokens {' '.join(weights)}"


def _told(query: str, weights: Mapping[str, int], hits: "Hits", how: _How, milliseconds: float) -> str:
    lines = [_nothing(query, weights, how)]
    if hits:
        lines = ["query  " + " ".join(f"{token}:{weight}" for token, weight in weights.items())]
        lines += [f"{hit.rank:>5}  {_score(hit.score):>9}  {hit.docid}" for hit in hits]
        lines.append(f"{len(hits)} hits in {milliseconds:.1f} ms")
    if how.approximate is not None:
        lines.append(what_may_be_lost(hits, how.k))
    return "\n".join(lines)


def _setting(approximate: "Approximation") -> dict[str, int | None]:
    from lexlip_lucene.tuning.report import as_record

    return as_record(approximate)


def _score(score: int | float) -> str:
    return str(score) if isinstance(score, int) else f"{score:.4f}"


def _many(
    index: Path,
    topics: Path | None,
    encoded: Path | None,
    model: Path | None,
    output: Path,
    how: _How,
    as_json: bool,
    force: bool,
) -> None:
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files.written import require_absent

    require_absent(output, force=force)
    run, seconds = _searched(index, topics, encoded, model, how)
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
    if how.approximate is not None:
        record["approximate"] = _setting(how.approximate)
        record["unseen"] = {qid: hits.unseen for qid, hits in run.items()}
        sure = sum(lost_nothing(hits, how.k) for hits in run.values())
        text += f"\napproximate: for {sure} of {len(run)} topics it is sure that nothing was lost"
    answer(record, text, as_json=as_json)


def _searched(
    index: Path, topics: Path | None, encoded: Path | None, model: Path | None, how: _How
) -> tuple[dict[str, "Hits"], float]:
    """Search and time the search alone, without encoding the queries."""
    from lexlip_lucene.data.topics import read_topics
    from lexlip_lucene.data.trec_id import require_told_apart
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
    from lexlip_lucene.progress import for_terminal

    k, threads, filters, approximate = how
    progress = for_terminal()
    if topics is not None and model is None:
        require_kind(index, "bm25", "give --model MODEL to encode the topics, or encoded queries with --encoded")
        how.require_exact(index)
        texts = {topic.qid: topic.text for topic in read_topics(topics)}
        require_told_apart(texts, "topic")
        with Bm25Searcher(index) as searcher:
            searcher.require_ids_told_apart()
            begun = time.perf_counter()
            run = searcher.search_batch(texts, k, threads=threads, filters=filters, progress=progress)
            return run, time.perf_counter() - begun
    require_kind(index, "impact", WITHOUT_MODEL if encoded is None else "search it with --topics")
    queries = encoded_queries(index, topics, encoded, model)
    require_told_apart(queries, "topic")  # before the search, whose run could not be written
    with ImpactSearcher(index) as impacts:
        impacts.require_ids_told_apart()
        begun = time.perf_counter()
        run = impacts.search_batch(
            queries, k, threads=threads, filters=filters, approximate=approximate, progress=progress
        )
        return run, time.perf_counter() - begun
