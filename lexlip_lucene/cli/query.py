"""The meaning of queries on the command line: words for a model, words for BM25, `token:weight …`; or files of them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.cli.open_index import facts_of
from lexlip_lucene.cli.place import Place
from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.records import Impacts

if TYPE_CHECKING:
    from lexlip_lucene.search.searcher import Searcher

WITHOUT_MODEL = "BM25 takes words as they are, so leave --model out"

_WEIGHT = re.compile("-?[0-9]{1,18}")  # more digits Python refuses with an error of its own


def is_bm25(index: Place, text: str, model: Path | None) -> bool:
    """Return True if `text` goes to BM25: no model, and the index says it is one or `text` is not `token:weight …`.

    Raises:
        SearchError: there is a model, but the index is a BM25 index.
    """
    if model is not None:
        require_kind(index, "impact", WITHOUT_MODEL)
        return False
    kind = facts_of(index).get("kind")
    return kind == "bm25" or (kind is None and parse_weights(text) is None)


def encoded_query(index: Place, text: str, model: Path | None) -> Impacts:
    """Return the query vector of `text`: from the model, or as written; None is the shipped model that made the index.

    Raises:
        InputError: no model is given, none that is shipped made the index, and `text` is not `token:weight …`.
        SearchError: the index was made with another vocabulary than the model's.
    """
    if model is None:
        weights = parse_weights(text)
        if weights is not None:
            return weights
        model = made_with(index)
        if model is None:
            raise InputError(
                f"{index} is an impact index: give --model MODEL to encode words, or a query like "
                f"'red:57 circle:31'; got {text!r}"
            )
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder

    encoder = LexLipQueryEncoder(model)
    require_same_vocabulary(index, encoder.model.lexicon.sha256, str(model))
    return encoder.encode(text)


def made_with(index: Place) -> Path | None:
    """Return the folder of the shipped model that an index was made with; None if it was made with another."""
    from lexlip_lucene.models.shipped import shipped_model_of

    return shipped_model_of(facts_of(index).get("model_sha256"))


def encoded_queries(index: Place, topics: Path | None, encoded: Path | None, model: Path | None) -> dict[str, Impacts]:
    """Return qid → query: those of the file `encoded`, or the `topics` encoded with `model`.

    Raises:
        InputError: there are both encoded queries and a model, or a file is not what is needed.
        SearchError: the index was made with another vocabulary than the queries.
    """
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
    from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
    from lexlip_lucene.encoders.query.query_encoder import load_query_model

    loaded = load_query_model(model)
    require_same_vocabulary(index, loaded.lexicon.sha256, str(model))
    if isinstance(loaded, OnnxQuery):
        return {topic.qid: loaded.encode(topic.text) for topic in read}
    vectors = loaded.encode_texts([topic.text for topic in read])
    return {topic.qid: vector for topic, vector in zip(read, vectors, strict=True)}


def with_captions(queries: Mapping[str, Impacts], topics: Path | None, searcher: "Searcher") -> dict[str, Impacts]:
    """Return the queries with what the words of `topics` ask of the index's caption fields and entities, if any."""
    if topics is None or not (searcher.captions.fields or searcher.captions.entities):
        return dict(queries)
    from lexlip_lucene.data.topics import read_topics

    return {
        topic.qid: {**queries[topic.qid], **searcher.caption_query(topic.text).weights} for topic in read_topics(topics)
    }


def parse_weights(text: str) -> Impacts | None:
    """Read `token:weight token:weight …`; None when `text` is not that.

    Raises:
        InputError: a weight is not a positive integer, or a token occurs twice.
    """
    weights: Impacts = {}
    for word in text.split():
        token, colon, weight = word.rpartition(":")
        if not colon or not token or not _WEIGHT.fullmatch(weight):
            return None
        if int(weight) < 1:
            raise InputError(f"query token {token!r} needs a positive integer weight, got {weight}")
        if token in weights:
            raise InputError(f"query token {token!r} occurs twice; add the weights up")
        weights[token] = int(weight)
    return weights or None


def require_kind(index: Place, kind: str, otherwise: str) -> None:
    """Raise SearchError, ending in what to do `otherwise`, when the index says that it is of another kind."""
    there = facts_of(index).get("kind", kind)
    if there != kind:
        raise SearchError(f"{index}: an index of kind {kind} is needed here, got {there}: {otherwise}")


def require_same_vocabulary(index: Place, vocabulary_sha256: str, source: str) -> None:
    """Raise SearchError when the index says it was made with another vocabulary than `source`'s."""
    made_with = facts_of(index).get("vocabulary_sha256")
    if made_with is not None and made_with != vocabulary_sha256:
        raise SearchError(
            f"{index} was made with vocabulary {made_with[:12]}…, but {source} has {vocabulary_sha256[:12]}…: "
            "search it with the model that encoded its collection, or encode and index again"
        )
