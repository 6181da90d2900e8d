"""The query of a picture: shares of the score, and exact parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.picture_vector import LARGEST, PictureVector, words_and_picture

IMPACTS = st.integers(1, 255)
WORDS = st.dictionaries(st.sampled_from(["dog", "cat", "red", "blue", "tree", "sea"]), IMPACTS, min_size=1)
LOOKS = st.dictionaries(st.integers(0, 9).map(lambda code: f"v{code:05d}"), IMPACTS, min_size=1)


def score(query: dict[str, int], document: dict[str, int]) -> int:
    return sum(weight * document.get(token, 0) for token, weight in query.items())


@given(WORDS, LOOKS)
def test_a_share_of_all_or_nothing_is_the_part_as_it_is(words: dict[str, int], looks: dict[str, int]) -> None:
    picture = PictureVector(words, looks)
    assert picture.query(0) == words
    assert picture.query(1) == looks
    assert PictureVector.of(picture.joined) == picture


@given(WORDS, LOOKS, st.floats(0.1, 0.9))
def test_a_copy_of_the_picture_gets_the_shares_that_were_asked_for(
    words: dict[str, int], looks: dict[str, int], share: float
) -> None:
    query = PictureVector(words, looks).query(share)
    assert set(query) == {*words, *looks}
    assert max(query.values()) == LARGEST and min(query.values()) >= 1
    assert list(query.values()) == sorted(query.values(), reverse=True)
    found = score(query, looks) / score(query, {**words, **looks})
    # A weight is rounded to a whole number, and the lightest are raised to 1.
    rounding = (len(query) * 255) / score(query, {**words, **looks})
    assert found == pytest.approx(share, abs=0.002 + rounding)


@given(WORDS, LOOKS, st.floats(0, 1))
def test_a_part_that_is_missing_leaves_the_other(words: dict[str, int], looks: dict[str, int], share: float) -> None:
    assert PictureVector(words, {}).query(share) == (words if share < 1 else {})
    assert PictureVector({}, looks).query(share) == (looks if share > 0 else {})
    assert PictureVector({}, {}).query(share) == {}


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="share of looks must be from 0"):
        PictureVector({"dog": 1}, {}).query(share)


@given(WORDS, WORDS)
def test_words_and_a_picture_have_half_of_the_weight_each(words: dict[str, int], picture: dict[str, int]) -> None:
    query = words_and_picture(words, picture)
    total = sum(words.values()), sum(picture.values())
    expected = {
        token: words.get(token, 0) / total[0] + picture.get(token, 0) / total[1] for token in {*words, *picture}
    }
    largest = max(expected.values())
    assert set(query) == set(expected)
    for token, weight in query.items():
        assert weight == pytest.approx(max(1.0, LARGEST * expected[token] / largest), abs=0.6)


def test_words_or_a_picture_only_stay_as_they_are() -> None:
    assert words_and_picture({"dog": 3}, {}) == {"dog": 3}
    assert words_and_picture({}, {"dog": 3}) == {"dog": 3}
