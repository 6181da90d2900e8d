"""Comparing two explanations of one query: where the difference of two scores comes from."""

import pytest

from lexlip_lucene.errors import InputError
from lexlip_lucene.search.explanation import Comparison, Explanation, Term, TermDifference, compare

FIRST = Explanation("a", 44, [Term("red", 3, 10, 30), Term("cat", 2, 7, 14)], [("dog", 1), ("sea", 1)])
SECOND = Explanation("b", 41, [Term("red", 3, 12, 36), Term("dog", 1, 5, 5)], [("cat", 2), ("sea", 1)])


def test_the_differences_come_largest_first_and_add_up() -> None:
    assert compare(FIRST, SECOND) == Comparison(
        docid="a",
        against="b",
        score=44,
        against_score=41,
        difference=3,
        terms=[
            TermDifference("cat", 2, 14, 0, 14),
            TermDifference("red", 3, 30, 36, -6),
            TermDifference("dog", 1, 0, 5, -5),
        ],
        missing=[("sea", 1)],
    )


def test_the_other_way_round_every_difference_changes_its_sign() -> None:
    there, back = compare(FIRST, SECOND), compare(SECOND, FIRST)
    assert [(t.token, -t.difference) for t in there.terms] == [(t.token, t.difference) for t in back.terms]
    assert there.difference == -back.difference


def test_a_document_against_itself_differs_in_nothing() -> None:
    compared = compare(FIRST, FIRST)
    assert [(term.token, term.difference) for term in compared.terms] == [("red", 0), ("cat", 0)]
    assert compared.difference == 0


@pytest.mark.parametrize("other", [[("dog", 1)], [("dog", 2), ("sea", 1)]], ids=["tokens", "weights"])
def test_explanations_of_different_queries_are_refused(other: list[tuple[str, int]]) -> None:
    with pytest.raises(InputError, match="of one query are needed, but those of a and b differ"):
        compare(FIRST, Explanation("b", 44, FIRST.terms, other))
