"""The late re-ranker against a plain computation of its rule."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.patches import WIDTH, pictures, store_of, unit_vectors

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.late.late_score import TextTokens, late_scores
from lexlip_lucene.records import Hit


class Patches:
    """A store in memory that counts how often it is read."""

    def __init__(self, documents: dict[str, NDArray[np.float32]]) -> None:
        self.documents = documents
        self.asked: list[list[str]] = []

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        self.asked.append(list(docids))
        return [self.documents[docid] for docid in docids]


def text_of_length(text: str) -> TextTokens:
    """Encode a text as one token a word, "pad" as one that weighs nothing."""
    words = text.split()
    weights = np.array([0 if word == "pad" else len(word) for word in words], np.float32)
    return TextTokens(unit_vectors(len(words), seed=[len(word) for word in words] or 0), weights)


def hits_of(scores: Sequence[float]) -> list[Hit]:
    return [Hit(f"d{place}", score, place + 1) for place, score in enumerate(scores)]


def z(values: Sequence[float]) -> list[float]:
    mean, spread = statistics.fmean(values), statistics.pstdev(values)
    return [(value - mean) / spread if spread else 0.0 for value in values]


def patches_of(counts: Sequence[int]) -> dict[str, NDArray[np.float32]]:
    return pictures({f"d{place}": count for place, count in enumerate(counts)})


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 4)), min_size=2, max_size=12),
    st.integers(2, 15),
    st.floats(0, 1),
)
def test_the_first_k_are_ordered_by_both_scores_standardised_and_mixed(
    rows: list[tuple[int, int]], k: int, mix: float
) -> None:
    hits = hits_of(sorted((score for score, _ in rows), reverse=True))
    store = Patches(patches_of([count for _, count in rows]))
    found = LateReranker(store, text_of_length, k=k, mix=mix).rerank("a red bus", hits)
    head = hits[:k]
    late = late_scores(*text_of_length("a red bus"), [store.documents[hit.docid] for hit in head]).tolist()
    expected = {
        hit.docid: mix * first + (1 - mix) * second
        for hit, first, second in zip(head, z([hit.score for hit in head]), z(late), strict=True)
    }
    assert [hit.rank for hit in found] == list(range(1, len(hits) + 1))
    assert {hit.docid for hit in found[:k]} == set(expected)
    assert [hit.docid for hit in found[k:]] == [hit.docid for hit in hits[k:]]
    for hit in found[:k]:
        assert hit.score == pytest.approx(expected[hit.docid], abs=1e-6)
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert all(isinstance(score, float) for score in scores)


def test_patches_that_are_no_numbers_are_an_error_that_names_the_document() -> None:
    documents = patches_of([2, 2, 0])
    documents["d1"] = np.full((2, WIDTH), np.nan, np.float32)
    with pytest.raises(InputError, match="the patches of 'd1' are no finite numbers: the store is damaged"):
        LateReranker(Patches(documents), text_of_length).rerank("bus", hits_of([9, 7, 6]))


def test_it_says_what_it_does_with_hits() -> None:
    reranker = LateReranker(Patches({}), text_of_length, k=5, mix=0.3)
    assert reranker.said("bus", 9) == "re-ranked by patches: the first 5 hits; the first score counts 0.3"
    assert reranker.said("bus", 1) == "not re-ranked: two hits at least can change places, got 1"
    assert reranker.said("pad pad", 9) == "not re-ranked: no word of the query has a vector"


def test_a_text_is_encoded_once_for_its_scores_and_for_what_is_said_of_it() -> None:
    encoded: list[str] = []

    def encode(text: str) -> TextTokens:
        encoded.append(text)
        return text_of_length(text)

    reranker = LateReranker(Patches(patches_of([2, 3])), encode)
    hits = hits_of([2.0, 1.0])
    assert reranker.rerank("a dog", hits) == reranker.rerank("a dog", hits)
    assert reranker.said("a dog", 2).startswith("re-ranked by patches") and reranker.hears("a dog")
    assert encoded == ["a dog"]


def test_a_hit_after_k_keeps_its_distance_to_hit_k() -> None:
    found = LateReranker(Patches(patches_of([1] * 4)), text_of_length, k=2).rerank("bus", hits_of([9, 7, 6, 2]))
    assert [hit.docid for hit in found[2:]] == ["d2", "d3"]
    assert [found[1].score - hit.score for hit in found[2:]] == pytest.approx([1, 5])


def test_the_first_score_only_keeps_the_order_and_the_late_score_only_is_the_late_order() -> None:
    hits = hits_of([9, 8, 7, 3, 3])
    store = Patches(patches_of([3] * 5))
    assert [hit.docid for hit in LateReranker(store, text_of_length, mix=1).rerank("a bus", hits)] == [
        hit.docid for hit in hits
    ]
    late = late_scores(*text_of_length("a bus"), list(store.documents.values()))
    assert [hit.docid for hit in LateReranker(store, text_of_length, mix=0).rerank("a bus", hits)] == [
        f"d{place}" for place in np.argsort(-late)
    ]


def test_equal_scores_keep_the_order_of_the_first_stage() -> None:
    same = unit_vectors(2)
    hits = [Hit("z", 5, 1), Hit("a", 5, 2), Hit("m", 5, 3)]
    found = LateReranker(Patches(dict.fromkeys("zam", same)), text_of_length).rerank("a bus", hits)
    assert found == [Hit("z", 0.0, 1), Hit("a", 0.0, 2), Hit("m", 0.0, 3)]


def test_a_picture_without_patches_counts_as_the_lowest_late_score() -> None:
    store = Patches(patches_of([2, 0, 2]))
    found = LateReranker(store, text_of_length, mix=0).rerank("bus", hits_of([3, 2, 1]))
    scores = {hit.docid: hit.score for hit in found}
    assert scores["d1"] == min(scores["d0"], scores["d2"])


def test_pictures_that_all_lack_patches_keep_their_order() -> None:
    found = LateReranker(Patches(patches_of([0, 0, 0])), text_of_length, mix=0).rerank("bus", hits_of([3, 2, 1]))
    assert [hit.docid for hit in found] == ["d0", "d1", "d2"]


@pytest.mark.parametrize("text", ["", "pad pad"])
def test_a_text_without_a_token_that_weighs_keeps_the_first_stage(text: str) -> None:
    store = Patches({})
    hits = hits_of([3, 2, 1])
    assert LateReranker(store, text_of_length).rerank(text, hits) == hits
    assert store.asked == [[]]


@pytest.mark.parametrize(("scores", "k"), [([3, 2, 1], 1), ([3], 100), ([], 100)])
def test_fewer_than_two_hits_to_rerank_are_the_first_stage(scores: list[float], k: int) -> None:
    hits = hits_of(scores)
    assert LateReranker(Patches({}), text_of_length, k=k).rerank("a bus", hits) == hits


def test_a_k_over_the_hits_reranks_all_of_them() -> None:
    store = Patches(patches_of([2, 3, 1]))
    hits = hits_of([3, 2, 1])
    assert LateReranker(store, text_of_length, k=1000).rerank("a bus", hits) == LateReranker(
        store, text_of_length, k=3
    ).rerank("a bus", hits)


def test_a_batch_is_each_query_by_itself_and_reads_the_store_once() -> None:
    store = Patches(patches_of([2, 3, 1, 4]))
    texts = {"q1": "a bus", "q2": "two red cats", "q3": ""}
    hits = {"q2": hits_of([4, 3, 2, 1]), "q1": hits_of([5, 5]), "q3": hits_of([2, 1])}
    reranker = LateReranker(store, text_of_length, k=3)
    found = reranker.rerank_batch(texts, hits)
    assert store.asked == [["d0", "d1", "d2"]]
    assert list(found) == ["q2", "q1", "q3"]
    assert found == {qid: reranker.rerank(texts[qid], part) for qid, part in hits.items()}


def test_hits_of_a_store_on_disk_are_reranked_and_a_missing_one_is_named(tmp_path: Path) -> None:
    documents = patches_of([2, 3, 1])
    with store_of(tmp_path / "store", documents, code="float16") as store:
        reranker = LateReranker(store, text_of_length)
        near = LateReranker(Patches(documents), text_of_length).rerank("a bus", hits_of([3, 2, 1]))
        found = reranker.rerank("a bus", hits_of([3, 2, 1]))
        assert [hit.docid for hit in found] == [hit.docid for hit in near]
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in near], abs=0.05)
        with pytest.raises(InputError, match=r"lacks 'd3'; it has 3 documents"):
            reranker.rerank("a bus", hits_of([4, 3, 2, 1]))


def test_text_vectors_of_another_width_than_the_store_are_an_error(tmp_path: Path) -> None:
    def wider(text: str) -> TextTokens:
        return TextTokens(unit_vectors(1, WIDTH + 1), np.ones(1, np.float32))

    with (
        store_of(tmp_path / "store", patches_of([2, 2])) as store,
        pytest.raises(InputError, match="patches of width 9, as the text tokens, are needed"),
    ):
        LateReranker(store, wider).rerank("a bus", hits_of([2, 1]))


def test_hits_without_a_text_are_an_error_that_names_the_query() -> None:
    with pytest.raises(InputError, match="query 'q2' has hits, but no text"):
        LateReranker(Patches({}), text_of_length).rerank_batch({"q1": "a"}, {"q2": hits_of([1])})


@pytest.mark.parametrize("mix", [-0.01, 1.01, float("nan")])
def test_a_mix_out_of_range_is_an_error(mix: float) -> None:
    with pytest.raises(InputError, match="the mix must be from 0"):
        LateReranker(Patches({}), text_of_length, mix=mix)


@pytest.mark.parametrize("k", [0, -1, 2.5])
def test_a_k_that_is_no_number_of_hits_is_an_error(k: int) -> None:
    with pytest.raises(InputError, match="the number of hits to re-rank must be"):
        LateReranker(Patches({}), text_of_length, k=k)
