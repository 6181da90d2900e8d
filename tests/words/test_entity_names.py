"""Names of entity terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.words.entity_names import entity_term, is_entity_term, name_words, said_entity, words_of_term


@pytest.mark.parametrize(
    ("text", "type", "term"),
    [
        ("Lionel Messi", "PER", "eper_lionel_messi"),
        ("  Lionel\tMESSI ", "per", "eper_lionel_messi"),
        ("AC/DC", "ORG", "eorg_ac_dc"),
        ("Zürich", "LOC", "eloc_zürich"),
        ("ﬁfa 2022", "MISC", "emisc_fifa_2022"),
        ("snake_case", "B-OTHER", "ebother_snake_case"),
        ("東京", "LOC", "eloc_東京"),
    ],
)
def test_a_name_is_one_token_without_case_white_space_or_marks(text: str, type: str, term: str) -> None:
    assert entity_term(text, type) == term
    assert is_entity_term(term)


@pytest.mark.parametrize("text", ["", " ", "!!!", "_", "a" * 600])
def test_a_name_without_a_letter_or_too_long_has_no_term(text: str) -> None:
    assert entity_term(text, "PER") is None


def test_a_type_without_a_letter_gives_no_term() -> None:
    assert entity_term("Messi", "1") is None


@pytest.mark.parametrize("token", ["eper", "per_messi", "e_messi", "##eper_x y", "element", "words:eper", "v00417"])
def test_a_word_is_no_entity_term(token: str) -> None:
    assert not is_entity_term(token)


@given(st.text(), st.sampled_from(["PER", "LOC", "ORG", "MISC"]))
def test_a_term_has_no_white_space_and_gives_its_words_back(text: str, type: str) -> None:
    term = entity_term(text, type)
    if term is not None:
        assert is_entity_term(term)
        assert words_of_term(term) == name_words(text)
        assert not any(map(str.isspace, term))


def test_a_term_is_said_in_plain_words() -> None:
    assert said_entity("eper_lionel_messi") == "lionel messi (person)"
    assert said_entity("eother_nobel_prize") == "nobel prize (other)"
