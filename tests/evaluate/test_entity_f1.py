"""The strict F1 of entities against seqeval."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.data.entities.iob2 import all_tags, spans_of
from lexlip_lucene.evaluate.entity_f1 import entity_figures

TAGS = st.sampled_from(all_tags(("LOC", "PER")))
PAIRS = st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=8), min_size=1, max_size=5)


def test_an_entity_counts_only_if_place_and_type_are_right() -> None:
    found = [spans_of(["B-PER", "I-PER", "O", "B-LOC"]), spans_of(["B-PER"])]
    there = [spans_of(["B-PER", "O", "O", "B-LOC"]), spans_of(["B-LOC"])]
    figures = entity_figures(found, there)
    assert (figures.right, figures.found, figures.there) == (1, 3, 3)
    assert figures.f1 == pytest.approx(1 / 3)


def test_texts_without_entities_give_zero() -> None:
    assert entity_figures([[]], [[]]).f1 == 0


@given(PAIRS)
def test_it_is_seqevals_strict_mode(posts: list[list[tuple[str, str]]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a figure without any entity
        from seqeval.metrics import f1_score, precision_score, recall_score
        from seqeval.scheme import IOB2

        found = [[mine for mine, _ in post] for post in posts]
        there = [[true for _, true in post] for post in posts]
        theirs = [
            score(there, found, mode="strict", scheme=IOB2, zero_division=0)
            for score in (precision_score, recall_score, f1_score)
        ]
    ours = entity_figures([spans_of(tags) for tags in found], [spans_of(tags) for tags in there])
    assert [ours.precision, ours.recall, ours.f1] == pytest.approx(theirs)
