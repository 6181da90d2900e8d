"""A typed query in its parts: words, minus signs, negations in speech."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.words.typed_query import MINUS, NEGATIONS, parse_query

WORDS = st.sampled_from(["dog", "Grass", "the", "a", "without", "no", "not", "-sand", "−sky", "-", "dog's", "red,"])


@pytest.mark.parametrize(
    ("text", "words", "excluded", "negated"),
    [
        ("dog on the beach -sand", "dog on the beach", ["sand"], []),
        ("dog −Sand -sky", "dog", ["Sand", "sky"], []),
        ("a dog without a leash runs", "a dog runs", [], ["leash"]),
        ("no people, red house", ", red house", [], ["people"]),
        ("not without grass", "", [], ["grass"]),
        ("Without Grass -sky", "", ["sky"], ["grass"]),
        ("say no", "say no", [], []),
        ("well-known dog - beach", "well-known dog - beach", [], []),
        ("", "", [], []),
    ],
)
def test_a_query_is_parted_into_words_exclusions_and_negations(
    text: str, words: str, excluded: list[str], negated: list[str]
) -> None:
    assert parse_query(text) == (words, excluded, negated)


@given(st.lists(WORDS))
def test_every_word_counts_or_is_excluded_or_belongs_to_a_negation(typed: list[str]) -> None:
    parsed = parse_query(" ".join(typed))
    minus = [word for word in typed if len(word) > 1 and word[0] in MINUS]
    assert parsed.excluded == [word[1:] for word in minus]
    rest = [word for word in typed if word not in minus]
    if not NEGATIONS & {word.lower() for word in rest}:
        assert parsed.words.split() == rest and not parsed.negated
    assert parse_query(parsed.words).words == parsed.words, "a negation that is left negates nothing"
