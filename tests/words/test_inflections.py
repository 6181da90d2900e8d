"""Plural and singular find each other if the lexicon has both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.words.inflections import other_form, plural_of, widened

PAIRS = [("dog", "dogs"), ("bench", "benches"), ("puppy", "puppies"), ("toy", "toys"), ("man", "men"), ("bus", "buses")]


@pytest.mark.parametrize(("singular", "plural"), PAIRS)
def test_both_forms_find_each_other(singular: str, plural: str) -> None:
    assert plural_of(singular) == plural
    assert other_form(singular, {singular, plural}) == plural
    assert other_form(plural, {singular, plural}) == singular


@pytest.mark.parametrize(("token", "tokens"), [("glass", {"glas", "glass"}), ("##s", {"##ss"}), ("is", {"i"})])
def test_what_only_looks_like_a_plural_has_no_other_form(token: str, tokens: set[str]) -> None:
    assert other_form(token, tokens) is None


@given(st.from_regex(r"[a-z]{3,9}", fullmatch=True))
def test_a_form_and_its_other_form_are_a_pair(word: str) -> None:
    tokens = {word, plural_of(word)}
    assert other_form(word, tokens) in tokens - {word}


def test_a_query_is_widened_by_a_share_of_the_weight() -> None:
    tokens = {"dog", "dogs", "man", "men", "snow"}
    assert widened({"dog": 100, "snow": 90, "men": 1}, tokens, 0.2) == {"dog": 100, "snow": 90, "dogs": 20, "men": 1}
    assert widened({"dog": 100, "dogs": 40}, tokens, 0.5) == {"dog": 100, "dogs": 40}
