"""The exact second stage of a search by looks, against cosines written out."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.whole_reranker import WholeReranker
from lexlip_lucene.records import Hit

WIDTH = 5


class Wholes:
    """A store in memory."""

    width = WIDTH

    def __init__(self, count: int) -> None:
        self.drawn = np.random.default_rng(count).standard_normal((count, WIDTH)).astype(np.float32)

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        return [self.drawn[int(docid[1:])][None] for docid in docids]


def hits_of(count: int) -> list[Hit]:
    return [Hit(f"d{place}", 1000 - 7 * place, place + 1) for place in range(count)]


def cosine(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    return float(one.astype(float) @ two / np.linalg.norm(one.astype(float)) / np.linalg.norm(two))


@given(st.integers(1, 12), st.integers(1, 15))
def test_the_first_k_are_ordered_by_cosine_and_the_others_follow(count: int, k: int) -> None:
    store, hits = Wholes(count), hits_of(count)
    query = np.arange(1, WIDTH + 1, dtype=np.float32)
    found = WholeReranker(store, k=k).rerank(query, hits)
    head = sorted(hits[:k], key=lambda hit: -cosine(store.drawn[int(hit.docid[1:])], query))
    assert [hit.docid for hit in found] == [hit.docid for hit in [*head, *hits[k:]]]
    assert [hit.rank for hit in found] == list(range(1, count + 1))
    for hit in found[:k]:
        assert hit.score == pytest.approx(cosine(store.drawn[int(hit.docid[1:])], query), abs=1e-6)
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)


def test_nothing_found_stays_nothing() -> None:
    assert WholeReranker(Wholes(1)).rerank(np.ones(WIDTH, np.float32), []) == []


def test_a_picture_without_any_state_keeps_the_hits_by_docid() -> None:
    found = WholeReranker(Wholes(3)).rerank(np.zeros(WIDTH, np.float32), hits_of(3))
    assert [(hit.docid, hit.score) for hit in found] == [("d0", 0), ("d1", 0), ("d2", 0)]


def test_a_vector_of_another_width_is_refused() -> None:
    with pytest.raises(InputError, match="vectors of 5 numbers, but the picture's has 4"):
        WholeReranker(Wholes(2)).rerank(np.ones(4, np.float32), hits_of(2))
    with pytest.raises(InputError):
        WholeReranker(Wholes(2), k=0)
