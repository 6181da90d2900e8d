"""Matched places: pairs add up to the score, against a sum written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.place_matches import place_matches

GRID = Grid(2, 3)
STRENGTHS = arrays(np.float64, (6, 4), elements=st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0]))
GIVEN = arrays(np.float64, 4, elements=st.integers(0, 5000).map(float))


@given(GIVEN, STRENGTHS, STRENGTHS)
def test_all_pairs_add_up_to_what_the_words_gave(
    given_: NDArray[np.float64], query: NDArray[np.float64], document: NDArray[np.float64]
) -> None:
    matches = place_matches(GRID, given_, query, document)
    assert matches.score == pytest.approx(given_.sum(), rel=1e-9)
    assert (matches.contributions >= 0).all()


@given(GIVEN, STRENGTHS, STRENGTHS)
def test_a_pair_gives_its_share_of_each_word(
    given_: NDArray[np.float64], query: NDArray[np.float64], document: NDArray[np.float64]
) -> None:
    found = place_matches(GRID, given_, query, document).contributions
    for place in range(6):
        for other in range(6):
            expected = 0.0
            for word in range(4):
                one = query[place, word] / query[:, word].sum() if query[:, word].any() else 1 / 6
                two = document[other, word] / document[:, word].sum() if document[:, word].any() else 1 / 6
                expected += given_[word] * one * two
            assert found[place, other] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_strongest_pairs_come_first_and_each_place_once() -> None:
    query, document = np.zeros((6, 2)), np.zeros((6, 2))
    query[1, 0] = query[4, 1] = document[5, 0] = document[0, 1] = 1.0
    matches = place_matches(GRID, np.array([10.0, 30.0]), query, document)
    assert matches.strongest(5) == [(4, 0, 30.0), (1, 5, 10.0)]
    assert matches.strongest(1) == [(4, 0, 30.0)]
    np.testing.assert_allclose(matches.light(query=True), [[0, 1 / 3, 0], [0, 1, 0]])
    np.testing.assert_allclose(matches.light(query=False), [[1, 0, 0], [0, 0, 1 / 3]])


def test_without_a_common_word_nothing_matches() -> None:
    matches = place_matches(GRID, np.zeros(0), np.zeros((6, 0)), np.zeros((6, 0)))
    assert matches.score == 0 and matches.strongest(3) == []
    assert not matches.light(query=True).any()
