"""The answer to one query of `lexlip search`: as a record, and as lines for a person."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lexlip_lucene.cli.by_picture import seen_picture, whole_reranker
from lexlip_lucene.cli.late import reranker
from lexlip_lucene.cli.narrowing import parse_filters, what_may_be_lost
from lexlip_lucene.cli.open_index import open_impacts, open_texts
from lexlip_lucene.cli.place import Place
from lexlip_lucene.cli.query import is_bm25
from lexlip_lucene.cli.search_setting import SearchSetting, approximation_record, narrowed
from lexlip_lucene.cli.typed import read_typed, words_lines, words_record
from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.picture_vector import words_and_picture
from lexlip_lucene.words.read_query import ReadQuery
from lexlip_lucene.words.visual_words import parted

if TYPE_CHECKING:
    from lexlip_lucene.records import Hit

LISTED = 4
"""Tokens that a query's words call for, named beside its own."""

NAMED = 8
"""Words of a picture that are named."""


class Answered(NamedTuple):
    """The answer to one query: as a record, and as text."""

    record: dict[str, Any]
    text: str


def one_query(index: Place, query: str, model: Path | None, *, k: int, filters: Sequence[str]) -> Answered:
    """Return the answer of an exact search for one query; errors as in `lexlip search`."""
    if k < 1:
        raise InputError(f"-k must be at least 1, got {k}")
    return answer_to(index, query, model, SearchSetting(k, 1, parse_filters(filters), None, as_json=False, force=False))


def answer_to(index: Place, query: str, model: Path | None, setting: SearchSetting) -> Answered:
    """Return the answer of a search for one query; errors as in `lexlip search`."""
    weights: Mapping[str, int]
    hits: Sequence[Hit]
    read, late = None, ""
    captions: Mapping[str, str] = {}
    if isinstance(index, Path):
        start_java(setting)
    by_words = bool(query) or setting.picture is None
    if is_bm25(index, query, model) and by_words:
        setting.require_exact(index)
        with open_texts(index) as texts:
            weights = texts.terms(query)
            begun = time.perf_counter()
            hits = first = texts.search(query, setting.k, filters=setting.filters)
    else:
        read = read_typed(index, query, model) if by_words else ReadQuery({})
        seen = None if setting.picture is None else seen_picture(index, setting.picture, model)
        second = None if setting.late is None else reranker(index, model, setting.late)
        with open_impacts(index, setting.approximate) as images:
            read = read.with_captions(images.caption_query)
            weights = read.weights if seen is None else words_and_picture(read.weights, seen.query)
            captions = images.caption_query(query).said(images.captions)
            begun = time.perf_counter()
            first = images.search(dict(weights), setting.first_k, filters=setting.filters, without=read.excluded)
            hits = first
            if setting.picture is not None and setting.picture.whole is not None and seen is not None:
                assert seen.whole is not None and seen.visual is not None, "a search by looks is asked for"
                exact = whole_reranker(setting.picture.whole, seen.visual)
                hits = exact.rerank(seen.whole, first)[: setting.k]
            if second is not None:
                hits, late = second.rerank(read.words, first)[: setting.k], second.said(read.words, len(first))
    milliseconds = 1000 * (time.perf_counter() - begun)
    record: dict[str, Any] = {
        "query": query,
        **({} if setting.picture is None else {"image": setting.picture.file.absolute()}),
        "weights": dict(weights),
        "hits": [hit._asdict() for hit in hits],
        "milliseconds": milliseconds,
        **words_record(read),
    }
    if captions:
        record["captions"] = captions
    if setting.approximate is not None:
        record |= {"approximate": approximation_record(setting.approximate), "unseen": narrowed(first).unseen}
    called = [] if read is None else read.called
    if late:
        record["late"] = late
    lines = [*([late] if late else []), *words_lines(read, captions)]
    if setting.approximate is not None:
        lines.append(what_may_be_lost(narrowed(first), setting.first_k))
    asked = query if setting.picture is None else f"{query} {setting.picture.file}".strip()
    return Answered(record, _as_text(asked, weights, hits, setting, milliseconds, lines, called))


def start_java(setting: SearchSetting) -> None:
    """Start Java as this search needs it."""
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    start_jvm(brief=setting.approximate is None)  # the first approximate search reads the whole index


def _nothing(query: str, weights: Sequence[str], setting: SearchSetting) -> str:
    if not weights and setting.picture is not None:
        return f"no hits: the picture {setting.picture.file} has nothing to search by"
    if not weights:
        return f"no hits: the query {query!r} has no known token that could be searched for"
    if setting.filters:
        return f"no hits: no document that the filter lets through has any of the tokens {' '.join(weights)}"
    return f"no hits: no document has any of the tokens {' '.join(weights)}"


def _as_text(
    query: str,
    weights: Mapping[str, int],
    hits: "Sequence[Hit]",
    setting: SearchSetting,
    milliseconds: float,
    further: Sequence[str],
    called: Sequence[str] = (),
) -> str:
    lines = [_nothing(query, [token for token in weights if token not in called], setting)]
    if hits:
        listed = _listed(weights, called) if setting.picture is None else f"{query}: {_summed_up(weights)}"
        lines = [f"query  {listed}"]
        lines += [f"{hit.rank:>5}  {_score(hit.score):>9}  {hit.docid}" for hit in hits]
        lines.append(f"{len(hits)} hits in {milliseconds:.1f} ms")
    return "\n".join([*lines, *further])


def _listed(weights: Mapping[str, int], called: Sequence[str]) -> str:
    """Return the query's tokens, heaviest first, and then the first few of those that its words call for."""
    own = " ".join(f"{token}:{weight}" for token, weight in weights.items() if token not in called)
    also = " ".join(f"{token}:{weights[token]}" for token in called[:LISTED])
    more = f" and {len(called) - LISTED} more" if len(called) > LISTED else ""
    return f"{own}; also {also}{more}" if called else own


def _summed_up(weights: Mapping[str, int]) -> str:
    """Return the heaviest words of a query of a picture, and how many more words and visual words it has."""
    words, looks = parted(weights)
    named = " ".join(f"{token}:{weight}" for token, weight in list(words.items())[:NAMED])
    more = f"{len(words)} words" if len(words) <= NAMED else f"{len(words)} words, the heaviest"
    parts = [f"{more} {named}"] if words else []
    return " and ".join([*parts, *([f"{len(looks)} visual words"] if looks else [])])


def _score(score: int | float) -> str:
    return str(score) if isinstance(score, int) else f"{score:.4f}"
