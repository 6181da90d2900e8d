"""Paired randomisation and bootstrap: differences by pure chance, and topics that belong together."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.significance import difference, found_within
from lexlip_lucene.records import Hit, Qrel

FIGURES = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=9)


def alone(count: int) -> dict[str, str]:
    return {str(number): str(number) for number in range(count)}


def exact_p(differences: list[float]) -> float:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return float(np.mean([value >= abs(sum(differences)) - 1e-9 for value in sums]))


@given(FIGURES)
def test_p_is_the_share_of_all_sign_patterns_that_reach_as_far(pairs: list[tuple[float, float]]) -> None:
    a = {str(number): pair[0] for number, pair in enumerate(pairs)}
    b = {str(number): pair[1] for number, pair in enumerate(pairs)}
    found = difference(a, b, alone(len(pairs)))
    assert found.p == pytest.approx(exact_p([x - y for x, y in pairs]), abs=0.03)
    assert found.mean == pytest.approx(np.mean([x - y for x, y in pairs]))
    assert (found.low <= found.mean + 1e-9 and found.high >= found.mean - 1e-9) or len(set(pairs)) > 1


def test_the_other_way_round_is_the_same_with_the_other_sign() -> None:
    a, b = {"1": 1.0, "2": 1.0, "3": 0.0}, {"1": 0.0, "2": 1.0, "3": 0.0}
    there, back = difference(a, b, alone(4)), difference(b, a, alone(4))
    assert there.mean == -back.mean and there.p == back.p == 1.0


def test_topics_of_one_image_count_as_one() -> None:
    a, b = {str(n): 1.0 for n in range(8)}, {str(n): 0.0 for n in range(8)}
    assert difference(a, b, alone(8)).p < 0.02
    assert difference(a, b, dict.fromkeys(a, "one image")).p == 1.0


def test_systems_of_other_topics_are_refused() -> None:
    with pytest.raises(InputError, match="same topics"):
        difference({"1": 1.0}, {"2": 1.0}, alone(3))
    with pytest.raises(InputError, match="at least one"):
        difference({}, {}, {})


def test_a_topic_is_found_when_a_relevant_document_is_among_the_first() -> None:
    qrels = [Qrel("a", "x", 1), Qrel("a", "y", 0), Qrel("b", "x", 1), Qrel("c", "x", 1)]
    run = {"a": [Hit("y", 3, 1), Hit("x", 2, 2)], "b": [Hit("x", 3, 1)]}
    assert found_within(qrels, run, 1) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert found_within(qrels, run, 2) == {"a": 1.0, "b": 1.0, "c": 0.0}
