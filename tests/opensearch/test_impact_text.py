"""The text of a vector, and what can't be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_text import DELIMITER, MAX_IMPACT_SUM, impact_text, vector_of
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT
from lexlip_lucene.vectors.lexicon import why_not_indexable

TOKENS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=DELIMITER), min_size=1, max_size=20
).filter(lambda token: why_not_indexable(token) is None)


@given(st.dictionaries(TOKENS, st.integers(1, MAX_WEIGHT), max_size=30))
def test_the_vector_comes_back_from_its_text(vector: dict[str, int]) -> None:
    assert vector_of(impact_text(vector, "a")) == vector


def test_a_text_is_tokens_with_their_impacts() -> None:
    assert impact_text({"red": 3, "##ing": 255}, "a") == "red\ue0003 ##ing\ue000255"
    assert impact_text({}, "a") == ""


def test_a_token_with_the_delimiter_is_refused_and_named() -> None:
    with pytest.raises(InputError, match=r"x.jsonl:3: token 'a\\ue0001' has U\+E000"):
        impact_text({"red": 3, "a\ue0001": 2}, "x.jsonl:3")


def test_impacts_that_overflow_an_int_together_are_refused() -> None:
    most = {f"t{place}": MAX_WEIGHT for place in range(128)}
    assert sum(most.values()) <= MAX_IMPACT_SUM
    impact_text(most, "a")
    with pytest.raises(InputError, match="add up to 2164260735"):
        impact_text({**most, "one": MAX_WEIGHT}, "a")
