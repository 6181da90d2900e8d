"""The options of re-ranking by patch vectors: `--late STORE`, `--rerank` and `--mix`."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexlip_lucene.cli.place import Place
from lexlip_lucene.cli.query import made_with
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.late.late_reranker import LateReranker


class Late(NamedTuple):
    """A patch store, the number of hits that it re-ranks, and the part of the first score; None: the model's own."""

    store: Path
    hits: int
    mix: float | None


def late_of(store: Path | None, hits: int | None, mix: float | None) -> Late | None:
    """Return what the options say, None without a store.

    Raises:
        InputError: `--rerank` or `--mix` is given without a store, or is out of range.
    """
    if store is None:
        for name, value in (("--rerank", hits), ("--mix", mix)):
            if value is not None:
                raise InputError(f"{name} belongs to --late STORE, which re-ranks: give both, or neither")
        return None
    from lexlip_lucene.late.late_reranker import DEFAULT_K

    hits = DEFAULT_K if hits is None else hits
    if hits < 1:
        raise InputError(f"--rerank must be at least 1, got {hits}")
    if mix is not None and not 0 <= mix <= 1:
        raise InputError(f"--mix must be from 0 (late score only) to 1 (first score only), got {mix}")
    return Late(store, hits, mix)


def reranker(index: Place, model: Path | None, late: Late) -> "LateReranker":
    """Return the re-ranker of the model's token vectors and the store's patches.

    Raises:
        InputError: there is no model that encodes words, or the store is not of this model or can't be read.
        ModelError: the model has no late head.
    """
    from lexlip_lucene.encoders.query.late_query import LateQuery
    from lexlip_lucene.late.late_reranker import DEFAULT_MIX, LateReranker
    from lexlip_lucene.late.patch_store import PatchStore

    model = made_with(index) if model is None else model
    if model is None:
        raise InputError("--late compares the words of a query with patches: give --model MODEL, and words")
    query = LateQuery(model)
    mix = next(one for one in (late.mix, query.mix, DEFAULT_MIX) if one is not None)
    return LateReranker(PatchStore.open(late.store, model_sha256=query.sha256), query, k=late.hits, mix=mix)


def said_of_silent(silent: int, topics: int) -> str:
    """Return in a line how many topics have no word that has a vector; nothing if all have one."""
    return f"\nnot re-ranked: {silent} of {topics} topics, no word of which has a vector" if silent else ""
