"""The settings that are tried: ladders of postings, by a made-up recall."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.tuning.settings import BlockLadder, Ladder, climb, ladders, round_number

INDEX = 65_536_000
"""Postings, so that the first rung is 1,000."""


def saturating(half: int, most: float = 1.0) -> Callable[[int], float]:
    """Return a recall that is half of `most` at `half` postings and nears `most` with more."""
    return lambda postings: most * postings / (postings + half)


def test_a_ladder_has_the_rungs_near_the_wanted_recall_and_one_between() -> None:
    # At 2^n × 1,000 postings recall is 2^n / (2^n + 1): 0.889 at 8,000, 0.941, 0.970, 0.985, 0.992, 0.996 at 256,000.
    numbers = climb(saturating(1000), INDEX, 0.99)
    # It reaches 0.99 at 99,000; halving tries 91,000, then 110,000, then 100,000.
    assert numbers == [16_000, 32_000, 64_000, 100_000, 130_000, 260_000]


def test_no_rung_is_searched_beyond_what_is_wanted() -> None:
    asked: list[int] = []

    def recall(postings: int) -> float:
        asked.append(postings)
        return saturating(1000)(postings)

    climb(recall, INDEX, 0.9)
    assert max(asked) == 32_000  # 0.97 is beyond 0.95, half-way from 0.9 to 1


def test_a_ladder_that_levels_off_below_the_wanted_recall_ends_there() -> None:
    numbers = climb(saturating(1000, most=0.95), INDEX, 0.99)
    assert numbers[0] >= 15_000 and numbers[-1] < INDEX / 50


def test_a_ladder_without_any_use_keeps_its_last_rung() -> None:
    assert climb(lambda postings: 0.1, 100, 0.99) == [130]  # 128 postings are more than there are


def test_where_the_least_is_enough_one_rung_is_all() -> None:
    assert climb(lambda postings: 1.0, INDEX, 0.99) == [1000]


def test_recall_of_1_can_be_wanted() -> None:
    assert climb(lambda postings: min(1.0, postings / 20_000), INDEX, 1.0)[-1] >= 20_000


@given(
    postings=st.integers(1, 10**9),
    half=st.integers(1, 10**7),
    most=st.floats(0, 1),
    wanted=st.floats(0.01, 1),
)
def test_every_ladder_ends_ascends_and_is_not_empty(postings: int, half: int, most: float, wanted: float) -> None:
    numbers = climb(saturating(half, most), postings, wanted)
    assert numbers == sorted(set(numbers)) and numbers[0] >= 1 and len(numbers) <= 20
    assert numbers[-1] <= 2.2 * postings


def test_candidates_go_by_k_and_terms_by_the_queries() -> None:
    queries = [dict.fromkeys(map(str, range(length)), 1) for length in (4, 32, 32, 33)]
    found = ladders(10, queries)
    assert [ladder.candidates for ladder in found if ladder.terms == EVERYTHING] == [20, 50, 100, 200]
    assert found[-1] == Ladder(16, 100)


def test_a_rung_of_a_ladder_is_a_setting_of_its_own_kind() -> None:
    assert Ladder(16, 100).setting(500) == Approximation(16, 500, 100)
    assert BlockLadder().setting(500) == Approximation(blocks=500)


def test_queries_of_one_term_have_no_half() -> None:
    assert all(ladder.terms == EVERYTHING for ladder in ladders(1, [{"a": 1}]))


@pytest.mark.parametrize(("number", "rounded"), [(1, 1), (99, 99), (81_920, 82_000), (9_960, 10_000), (125, 120)])
def test_numbers_have_two_digits(number: int, rounded: int) -> None:
    assert round_number(number) == rounded
