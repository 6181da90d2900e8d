"""Float weights to integer impacts, against plain float64 arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.quantise import CEILING_PERCENTILE, Quantiser, calibrate_ceiling

ceilings = st.floats(0.01, 100)
bit_counts = st.integers(1, 16)
weights = st.lists(
    st.just(0.0) | st.floats(0, 50, width=32) | st.sampled_from([0.25, 0.5, 1.0]), min_size=1, max_size=40
)


def reference(weight: float, ceiling: float, bits: int) -> int:
    largest = 2**bits - 1
    return int(min(max(round(weight * (largest / ceiling)), 1), largest))  # Python rounds half to even, in float64


def array(values: list[float]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def tokens_of(values: list[float]) -> list[str]:
    return [f"t{number}" for number in range(len(values))]


def test_the_worked_numbers_of_the_module() -> None:
    quantiser = Quantiser(2.0)
    assert quantiser.scale == 127.5
    assert quantiser.impacts(np.array([0.5, 3.0])).tolist() == [64, 255]


def test_halves_go_to_the_even_neighbour() -> None:
    assert Quantiser(255.0).impacts(np.array([1.5, 2.5, 3.5, 4.5])).tolist() == [2, 2, 4, 4]


def test_a_weight_too_small_to_round_up_is_still_1() -> None:
    assert Quantiser(255.0).vector(array([1e-9, 0.5, 0.0]), ["a", "b", "c"]) == {"b": 1, "a": 1}


@given(weights, ceilings, bit_counts)
def test_impacts_are_bounded_monotone_and_the_float64_reference(values: list[float], ceiling: float, bits: int) -> None:
    quantiser = Quantiser(ceiling, bits=bits)
    impacts = quantiser.impacts(np.sort(array(values))).tolist()
    assert impacts == [reference(weight, ceiling, bits) for weight in sorted(values)]
    assert impacts == sorted(impacts)
    assert all(1 <= impact <= 2**bits - 1 == quantiser.max_impact for impact in impacts)


@given(weights, ceilings, bit_counts, st.none() | st.integers(1, 50))
def test_a_vector_is_the_heaviest_tokens_ties_in_lexicon_order(
    values: list[float], ceiling: float, bits: int, top_k: int | None
) -> None:
    vector = Quantiser(ceiling, bits=bits, top_k=top_k).vector(array(values), tokens_of(values))
    positive = [(-weight, position) for position, weight in enumerate(values) if weight > 0]
    expected = {f"t{position}": reference(-negated, ceiling, bits) for negated, position in sorted(positive)[:top_k]}
    assert list(vector.items()) == list(expected.items())


def test_a_vector_s_impacts_are_built_in_ints() -> None:
    vector = Quantiser(1.0).vector(array([0.3, 0.0, 0.7]), ["a", "b", "c"])
    assert {type(impact) for impact in vector.values()} == {int}
    assert "b" not in vector


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0]])
def test_a_vector_without_a_positive_weight_is_empty(values: list[float]) -> None:
    assert Quantiser(1.0, top_k=3).vector(array(values), tokens_of(values)) == {}


@pytest.mark.parametrize("bits", [-1, 0, 17])
def test_bits_out_of_range_are_refused(bits: int) -> None:
    with pytest.raises(InputError, match=rf"bits must be in 1\.\.16, got {bits}"):
        Quantiser(1.0, bits=bits)


@pytest.mark.parametrize("top_k", [-1, 0])
def test_a_top_k_below_1_is_refused(top_k: int) -> None:
    with pytest.raises(InputError, match=f"top-k must be at least 1, got {top_k}"):
        Quantiser(1.0, top_k=top_k)


@pytest.mark.parametrize("ceiling", [0.0, -1.0, math.nan, math.inf])
def test_a_ceiling_that_gives_no_scale_is_refused(ceiling: float) -> None:
    with pytest.raises(InputError, match="ceiling must be a positive number"):
        Quantiser(ceiling)


def test_the_ceiling_leaves_one_positive_weight_in_a_thousand_above_it() -> None:
    assert CEILING_PERCENTILE == 99.9
    sample = np.concatenate([np.zeros(5000), np.arange(1, 10_001)]).reshape(3, 5000)
    assert (sample > calibrate_ceiling(sample)).sum() == 10


def test_a_single_positive_weight_is_the_ceiling() -> None:
    assert calibrate_ceiling(array([0.0, 0.75])) == 0.75


def test_nothing_to_calibrate_on_is_refused() -> None:
    with pytest.raises(InputError, match=r"can't be calibrated: every lexicon weight .* is 0"):
        calibrate_ceiling(np.zeros((3, 4)))
