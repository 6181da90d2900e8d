"""Impacts and query weights of entity terms."""

import math

import pytest

from lexlip_lucene.data.entities.entity_tags import NamedEntity
from lexlip_lucene.vectors.entity_terms import entity_impacts, entity_weights, heaviest_first

MESSI, PARIS = NamedEntity("Lionel Messi", "PER", 0.8), NamedEntity("Paris", "LOC", 1.0)


def test_an_impact_is_the_probability_and_the_idf_against_that_of_a_name_in_one_document() -> None:
    named = {"a": [MESSI, PARIS], "b": [PARIS], "c": [], "d": []}
    found = entity_impacts(named, bits=8)
    idf = {df: math.log(1 + (4 - df + 0.5) / (df + 0.5)) for df in (1, 2)}
    assert found["a"] == {"eper_lionel_messi": round(255 * 0.8), "eloc_paris": round(255 * idf[2] / idf[1])}
    assert found["b"] == {"eloc_paris": found["a"]["eloc_paris"]}
    assert found["c"] == found["d"] == {}


def test_a_name_of_several_types_weighs_as_often_as_it_is_there_whatever_its_type() -> None:
    """A query names it without a type: documents of a rare type must not come first."""
    person = PARIS._replace(type="PER")
    found = entity_impacts({"a": [PARIS], "b": [PARIS], "c": [person], "d": [], "e": []}, bits=8)
    assert found["a"]["eloc_paris"] == found["c"]["eper_paris"]
    both = entity_impacts({"a": [PARIS, person], "b": []}, bits=8)["a"]
    assert both == {"eloc_paris": 255, "eper_paris": 255}, "it is one document"


def test_of_several_mentions_the_most_probable_counts_and_a_document_counts_once() -> None:
    named = {"a": [MESSI, MESSI._replace(p=0.4, text="LIONEL MESSI")], "b": []}
    assert entity_impacts(named, bits=8)["a"] == {"eper_lionel_messi": round(255 * 0.8)}


@pytest.mark.parametrize("bits", [1, 4, 16])
def test_an_impact_is_within_its_bits_however_common_or_doubtful_the_name(bits: int) -> None:
    named = {str(number): [NamedEntity("Paris", "LOC", p)] for number, p in enumerate([0.0, 1e-9, 1.0])}
    impacts = [impact for terms in entity_impacts(named, bits).values() for impact in terms.values()]
    assert len(impacts) == 3 and all(1 <= impact <= 2**bits - 1 for impact in impacts)


def test_a_name_without_a_letter_is_left_out() -> None:
    assert entity_impacts({"a": [NamedEntity("!!!", "ORG", 1.0)]}, 8) == {"a": {}}


def test_a_tagger_weighs_a_query_s_names_by_their_probability() -> None:
    assert entity_weights([MESSI, PARIS]) == {"eper_lionel_messi": 204, "eloc_paris": 255}
    assert entity_weights([]) == {}


def test_further_tokens_stand_among_the_others_by_weight() -> None:
    assert list(heaviest_first({"a": 9, "b": 3}, {"eper_x": 5})) == ["a", "eper_x", "b"]
    vector = {"b": 1, "a": 9}
    assert heaviest_first(vector, {}) is vector
