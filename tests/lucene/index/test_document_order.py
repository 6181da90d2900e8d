"""The order of documents that puts similar ones next to each other (Java, lexlip.order)."""

from itertools import accumulate, chain
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexlip_lucene.lucene.jvm.jvm import java_class

Documents = list[list[int]]

TERMS = 300

MANY = 5000
"""Documents enough to be halved twice: parts of up to 2,048 keep their order."""


def order_of(documents: Documents, threads: int = 2) -> list[int]:
    starts = list(accumulate(map(len, documents), initial=0))
    order = java_class("lexlip.order.DocumentOrder").of
    return list(order(len(documents), starts, list(chain.from_iterable(documents)), TERMS, threads))


def gap_bits(documents: Documents, order: list[int]) -> int:
    """Count the bits of all gaps of all postings lists, each gap as long as its binary number."""
    last = [-1] * TERMS
    bits = 0
    for position, document in enumerate(order):
        for term in documents[document]:
            bits += (position - last[term]).bit_length()
            last[term] = position
    return bits


def topical(count: int, topics: int, seed: int) -> Documents:
    """Make documents of up to 12 terms, document i on topic i % topics: 9 of the topic's own terms, 3 of any."""
    random = Random(seed)
    own = TERMS // topics
    return [
        list({*random.sample(range(i % topics * own, (i % topics + 1) * own), 9), *random.sample(range(TERMS), 3)})
        for i in range(count)
    ]


documents = st.lists(st.lists(st.integers(0, TERMS - 1), max_size=8, unique=True), max_size=12)


@given(documents=documents, repeats=st.sampled_from([1, MANY]), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_an_order_has_every_document_once(documents: Documents, repeats: int, seed: int) -> None:
    some = Random(seed).choices(documents, k=repeats) if documents else []
    assert sorted(order_of(some)) == list(range(len(some)))


@pytest.mark.parametrize("document", [[], [0], [5, 6, 7]])
def test_documents_that_are_all_equal_keep_their_order(document: list[int]) -> None:
    assert order_of([document] * MANY) == list(range(MANY))


def test_no_document_and_one_document_have_an_order() -> None:
    assert order_of([]) == []
    assert order_of([[1, 2]]) == [0]


def test_the_order_is_the_same_for_any_number_of_threads() -> None:
    documents = topical(40_000, topics=20, seed=1)  # enough for threads to share the work on one part, too
    assert order_of(documents, threads=1) == order_of(documents, threads=4)


def test_two_topics_that_alternate_are_separated() -> None:
    topics = [document % 2 for document in order_of(topical(MANY, topics=2, seed=2))]
    assert topics in ([0] * (MANY // 2) + [1] * (MANY // 2), [1] * (MANY // 2) + [0] * (MANY // 2))


@given(topics=st.sampled_from([2, 4, 20]), seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_gaps_take_fewer_bits_than_in_random_order(topics: int, seed: int) -> None:
    documents = topical(MANY, topics, seed)
    random = Random(seed).sample(range(MANY), MANY)
    assert gap_bits(documents, order_of(documents)) < gap_bits(documents, random)


def test_an_interrupted_thread_gets_no_order_and_stays_interrupted() -> None:
    from jnius import JavaException

    documents = topical(40_000, topics=20, seed=3)
    thread = java_class("java.lang.Thread")
    thread.currentThread().interrupt()
    with pytest.raises(JavaException, match="interrupted"):
        order_of(documents)
    assert thread.interrupted()  # and clears it
