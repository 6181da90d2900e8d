"""`lexlip search`: one query, or a file of topics or encoded queries into a run."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lexlip_lucene.cli.narrowing import approximation_of, lost_nothing, parse_filters, what_may_be_lost
from lexlip_lucene.cli.open_index import open_impacts, open_texts
from lexlip_lucene.cli.query import WITHOUT_MODEL, encoded_queries, is_bm25, made_with, require_kind, with_captions
from lexlip_lucene.cli.typed import read_typed, words_lines, words_record
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.lucene.search.hits import Hits
    from lexlip_lucene.records import Hit


class _Setting(NamedTuple):
    """The setting of a search, whatever is searched for."""

    k: int
    threads: int
    filters: dict[str, list[str]]
    approximate: "Approximation | None"
    as_json: bool
    force: bool

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
    model: Annotated[
        Path | None, typer.Option(help="Model folder, or the name of a shipped model, that encodes the query.")
    ] = None,
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
    setting = _Setting(k, threads, parse_filters(filters or []), narrowed, as_json=json, force=force)
    if query is not None:
        if output is not None:
            raise InputError("--output is for a run: give --topics or --encoded, or leave it out with --query")
        _one(index, query, model, setting)
        return
    if output is None:
        raise InputError("--topics and --encoded write a run: say where with --output RUN")
    _many(index, _Source(topics, encoded, model), output, setting)


class _Source(NamedTuple):
    """The queries of a run: a file of topics, or one of encoded queries; and what encodes topics."""

    topics: Path | None
    encoded: Path | None
    model: Path | None


LISTED = 4
"""Tokens that a query's words call for, named beside its own."""


class Answered(NamedTuple):
    """The answer to one query: as a record, and as text."""

    record: dict[str, Any]
    text: str


def one_query(index: Path, query: str, model: Path | None, *, k: int, filters: Sequence[str]) -> Answered:
    """Return the answer of an exact search for one query; errors as in `lexlip search`."""
    if k < 1:
        raise InputError(f"-k must be at least 1, got {k}")
    return _answered(index, query, model, _Setting(k, 1, parse_filters(filters), None, as_json=False, force=False))


def _one(index: Path, query: str, model: Path | None, setting: _Setting) -> None:
    found = _answered(index, query, model, setting)
    if setting.as_json and not found.record["hits"]:
        print(found.text.splitlines()[0], file=sys.stderr)
    answer(found.record, found.text, as_json=setting.as_json)


def _answered(index: Path, query: str, model: Path | None, setting: _Setting) -> Answered:
    weights: Mapping[str, int]
    hits: Sequence[Hit]
    read = None
    captions: Mapping[str, str] = {}
    _start_java(setting)
    if is_bm25(index, query, model):
        setting.require_exact(index)
        with open_texts(index) as texts:
            weights = texts.terms(query)
            begun = time.perf_counter()
            hits = texts.search(query, setting.k, filters=setting.filters)
    else:
        read = read_typed(index, query, model)
        with open_impacts(index, setting.approximate) as images:
            read = read.with_captions(images.caption_query)
            weights = read.weights
            captions = images.caption_query(query).said(images.captions)
            begun = time.perf_counter()
            hits = images.search(dict(weights), setting.k, filters=setting.filters, without=read.excluded)
    milliseconds = 1000 * (time.perf_counter() - begun)
    record: dict[str, Any] = {
        "query": query,
        "weights": dict(weights),
        "hits": [hit._asdict() for hit in hits],
        "milliseconds": milliseconds,
        **words_record(read),
    }
    if captions:
        record["captions"] = captions
    if setting.approximate is not None:
        record |= {"approximate": _as_record(setting.approximate), "unseen": _narrowed(hits).unseen}
    called = [] if read is None else read.called
    return Answered(record, _as_text(query, weights, hits, setting, milliseconds, words_lines(read, captions), called))


def _start_java(setting: _Setting) -> None:
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    start_jvm(brief=setting.approximate is None)  # the first approximate search reads the whole index


def _nothing(query: str, weights: Sequence[str], setting: _Setting) -> str:
    if not weights:
        return f"no hits: the query {query!r} has no known token that could be searched for"
    if setting.filters:
        return f"no hits: no document that the filter lets through has any of the tokens {' '.join(weights)}"
    return f"no hits: no document has any of the tokens {' '.join(weights)}"


def _as_text(
    query: str,
    weights: Mapping[str, int],
    hits: "Sequence[Hit]",
    setting: _Setting,
    milliseconds: float,
    words: Sequence[str],
    called: Sequence[str] = (),
) -> str:
    lines = [_nothing(query, [token for token in weights if token not in called], setting)]
    if hits:
        lines = [f"query  {_listed(weights, called)}"]
        lines += [f"{hit.rank:>5}  {_score(hit.score):>9}  {hit.docid}" for hit in hits]
        lines.append(f"{len(hits)} hits in {milliseconds:.1f} ms")
    lines += words
    if setting.approximate is not None:
        lines.append(what_may_be_lost(_narrowed(hits), setting.k))
    return "\n".join(lines)


def _listed(weights: Mapping[str, int], called: Sequence[str]) -> str:
    """Return the query's tokens, heaviest first, and then the first few of those that its words call for."""
    own = " ".join(f"{token}:{weight}" for token, weight in weights.items() if token not in called)
    also = " ".join(f"{token}:{weights[token]}" for token in called[:LISTED])
    more = f" and {len(called) - LISTED} more" if len(called) > LISTED else ""
    return f"{own}; also {also}{more}" if called else own


def _as_record(approximate: "Approximation") -> dict[str, int | None]:
    from lexlip_lucene.tuning.report import as_record

    return as_record(approximate)


def _narrowed(hits: "Sequence[Hit]") -> "Hits":
    """Return the hits of an approximate search, which say what they may have lost."""
    from lexlip_lucene.lucene.search.hits import Hits

    assert isinstance(hits, Hits), "only Lucene searches approximately"
    return hits


def _score(score: int | float) -> str:
    return str(score) if isinstance(score, int) else f"{score:.4f}"


def _many(index: Path, source: _Source, output: Path, setting: _Setting) -> None:
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files.written import require_absent

    require_absent(output, force=setting.force)
    run, seconds = _timed(index, source, setting)
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
        f"({record['queries_per_second']:.0f} queries/s, search alone)"
    )
    if setting.approximate is not None:
        narrowed = {qid: _narrowed(hits) for qid, hits in run.items()}
        record["approximate"] = _as_record(setting.approximate)
        record["unseen"] = {qid: hits.unseen for qid, hits in narrowed.items()}
        sure = sum(lost_nothing(hits, setting.k) for hits in narrowed.values())
        text += f"\napproximate: for {sure} of {len(run)} topics it is sure that nothing was lost"
    answer(record, text, as_json=setting.as_json)


def _timed(index: Path, source: _Source, setting: _Setting) -> "tuple[Mapping[str, Sequence[Hit]], float]":
    """Search, and time the search only, without encoding the queries."""
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
            return run, time.perf_counter() - begun
    require_kind(index, "impact", WITHOUT_MODEL if encoded is None else "search it with --topics")
    queries = encoded_queries(index, topics, encoded, model)
    require_distinct_as_written(queries, "topic")  # before the search, whose run could not be written
    with open_impacts(index, setting.approximate) as images:
        images.require_distinct_ids()
        queries = with_captions(queries, topics, images)
        begun = time.perf_counter()
        run = images.search_batch(
            queries, setting.k, threads=setting.threads, filters=setting.filters, progress=progress
        )
        return run, time.perf_counter() - begun
