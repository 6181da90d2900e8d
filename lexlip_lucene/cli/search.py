"""`lexlip search`: one query, or a file of topics or encoded queries into a run."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.by_picture import By, Looks, by_picture_of
from lexlip_lucene.cli.late import late_of
from lexlip_lucene.cli.narrowing import approximation_of, parse_filters
from lexlip_lucene.cli.place import CaFile, Insecure, captions_of, place_of
from lexlip_lucene.cli.search_many import QuerySource, search_many
from lexlip_lucene.cli.search_one import answer_to
from lexlip_lucene.cli.search_setting import SearchSetting
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError


@verb
def search(
    index: Annotated[str, typer.Argument(help="Index folder, or URL/ALIAS in a cluster.")],
    query: Annotated[str | None, typer.Option(help="One query: words, or `token:weight …` without a model.")] = None,
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture to search by, with or without --query beside it.")
    ] = None,
    by: By = None,
    looks: Looks = None,
    whole: Annotated[
        Path | None,
        typer.Option(metavar="STORE", help="With --by looks: re-rank by the whole-picture vectors of this store."),
    ] = None,
    topics: Annotated[Path | None, typer.Option(help="topics.tsv: qid TAB text.")] = None,
    encoded: Annotated[Path | None, typer.Option(help="Encoded queries, .jsonl.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder, or the name of a shipped model, that encodes the query.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Run to write, TREC six columns.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="Hits a query: 10 for --query, 1000 for a run.")] = None,
    threads: Annotated[int, typer.Option(help="Threads that share the queries of a run out.")] = 1,
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
    blocks: Annotated[int | None, typer.Option(help="Approximate: blocks of eight documents to look at.")] = None,
    late: Annotated[
        Path | None, typer.Option("--late", metavar="STORE", help="Re-rank by the patch vectors of this store.")
    ] = None,
    rerank: Annotated[
        int | None, typer.Option(help="First hits that are re-ranked: 100 by --late, 200 by --whole.")
    ] = None,
    mix: Annotated[
        float | None, typer.Option(help="Part of the first score with --late, 0 to 1; the model's own unless given.")
    ] = None,
    bm25: Annotated[
        bool, typer.Option("--bm25", help="Search the captions of a cluster's index; a folder says itself what it is.")
    ] = False,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Search an index with one query, or with many.

    An impact index takes words with --model, or `token:weight …`; a BM25 index takes words without a model. Search is
    exact unless --postings, --candidates, --terms, --document-terms or --blocks is given; `lexlip tune` finds numbers
    for a wanted recall. The first search with --document-terms or --candidates reads the whole index, so they are for
    many queries.
    With --late, the first hits are re-ranked by the patch vectors that `lexlip encode images --patches` kept.
    With --image, a picture is the query: by what is in it, and by what it looks like if the index has visual words.

    \b
    Example: lexlip search photos-index --query "a red bicycle" --model model
    """
    place = place_of(index, ca_file, insecure)
    if bm25 and isinstance(place, Path):
        raise InputError(f"--bm25 is for an index in a cluster, and {index} is a folder of one kind: leave it out")
    if bm25:
        place = captions_of(place)
    one = query is not None or image is not None
    if sum((one, topics is not None, encoded is not None)) != 1:
        raise InputError("search needs --query, --image or both, or one of --topics and --encoded")
    if k is None:
        k = 10 if one else 1000
    for name, value in (("-k", k), ("--threads", threads)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    narrowed = approximation_of(
        terms=terms, postings=postings, candidates=candidates, document_terms=document_terms, blocks=blocks
    )
    setting = SearchSetting(
        k,
        threads,
        parse_filters(filters or []),
        narrowed,
        as_json=json,
        force=force,
        late=late_of(late, rerank if whole is None else None, mix),
        picture=by_picture_of(image, by, looks, whole, rerank),
    )
    if one:
        if output is not None:
            raise InputError("--output is for a run: give --topics or --encoded, or leave it out with one query")
        found = answer_to(place, query or "", model, setting)
        if json and not found.record["hits"]:
            print(found.text.splitlines()[0], file=sys.stderr)
        answer(found.record, found.text, as_json=json)
        return
    if output is None:
        raise InputError("--topics and --encoded write a run: say where with --output RUN")
    search_many(place, QuerySource(topics, encoded, model), output, setting)
