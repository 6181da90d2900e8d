"""The reach of float32 rounding, beside sums in float32 and float64 of random queries and documents."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.opensearch.float_scores import EXACT_BELOW, reach

WEIGHT = st.integers(1, 2**24 - 1)
TERMS = st.integers(1, 40)


def as_floats(weights: list[int], impacts: list[int]) -> tuple[float, float]:
    """Return the score as engines add it up: every step in float32, and in float64 until the end."""
    products = [np.float32(weight) * np.float32(impact) for weight, impact in zip(weights, impacts, strict=True)]
    step = np.float32(0)
    for product in products:
        step = np.float32(step + product)
    return float(step), float(np.float32(sum(map(float, products))))


@st.composite
def scored(draw: st.DrawFn) -> tuple[list[int], list[list[int]]]:
    """Draw a query's weights and the impacts of documents that are close to each other."""
    terms = draw(TERMS)
    weights = draw(st.lists(WEIGHT, min_size=terms, max_size=terms))
    base = draw(st.lists(st.integers(1, 2**24 - 50), min_size=terms, max_size=terms))
    changes = st.lists(st.integers(0, 49), min_size=terms, max_size=terms)
    documents = draw(st.lists(changes, min_size=2, max_size=12))
    return weights, [[impact + more for impact, more in zip(base, change, strict=True)] for change in documents]


@given(scored(), st.integers(1, 12))
def test_no_document_of_the_exact_top_k_is_below_the_reach_of_the_kth_float(
    drawn: tuple[list[int], list[list[int]]], k: int
) -> None:
    weights, documents = drawn
    exact = [sum(weight * impact for weight, impact in zip(weights, each, strict=True)) for each in documents]
    k = min(k, len(documents))
    best = sorted(exact, reverse=True)[:k]
    for way in (0, 1):
        floats = [as_floats(weights, each)[way] for each in documents]
        least = reach(sorted(floats, reverse=True)[k - 1], len(weights))
        assert all(score >= least for score, sum_ in zip(floats, exact, strict=True) if sum_ >= best[-1])


@given(scored())
def test_a_float_below_2_to_the_24_is_its_integer(drawn: tuple[list[int], list[list[int]]]) -> None:
    weights, documents = drawn
    small = [1 + weight % 200 for weight in weights]
    for impacts in documents:
        some = [1 + impact % 3000 for impact in impacts]
        exact = sum(weight * impact for weight, impact in zip(small, some, strict=True))
        for score in as_floats(small, some):
            assert score == exact if score < EXACT_BELOW else exact >= EXACT_BELOW


def test_the_reach_is_a_few_steps_of_a_float_and_not_the_whole_index() -> None:
    assert 0.999990 < reach(2.0**30, 32) / 2.0**30 < 1
    assert 0.9998 < reach(2.0**30, 1024) / 2.0**30 < 1
