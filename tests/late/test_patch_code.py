"""Each code's promise about a vector that went through it, for any vectors of unit length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.patch_code import PATCH_CODES, patch_code

seeds = st.integers(0, 2**32 - 1)
widths = st.integers(1, 40)


def unit_vectors(seed: int, count: int, width: int) -> NDArray[np.float32]:
    """Return vectors of very different spread: some have one large number, some none."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, width)) ** random.integers(1, 6, size=(count, 1))
    vectors += np.where(vectors == 0, 1, 0)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def decoded(name: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    code = patch_code(name)
    width = vectors.shape[1]
    coded = code.encode(vectors)
    assert coded.dtype == np.uint8
    assert coded.shape == (len(vectors), code.bytes_of(width))
    result = code.decode(coded, width)
    assert result.dtype == np.float32
    assert result.shape == vectors.shape
    return result


def test_the_bytes_of_a_vector_of_128_numbers() -> None:
    assert {name: patch_code(name).bytes_of(128) for name in PATCH_CODES} == {
        "float16": 256,
        "int8": 130,
        "int4": 66,
        "int2": 32,
        "sign": 16,
    }


@given(seeds, widths)
def test_float16_rounds_each_number_to_half_precision(seed: int, width: int) -> None:
    vectors = unit_vectors(seed, 5, width)
    assert (np.abs(decoded("float16", vectors) - vectors) <= np.maximum(np.abs(vectors) * 2.0**-11, 2.0**-25)).all()


@given(seeds, widths, st.sampled_from([("int8", 127), ("int4", 7)]))
def test_a_number_in_steps_is_within_half_a_step_of_itself(seed: int, width: int, kind: tuple[str, int]) -> None:
    name, steps = kind
    vectors = unit_vectors(seed, 5, width).astype(np.float64)
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    half_a_step = largest * (1 + 2.0**-10) / steps / 2  # the largest is rounded up to half precision
    assert (np.abs(decoded(name, vectors.astype(np.float32)) - vectors) <= half_a_step * (1 + 1e-5)).all()


def test_a_vector_with_a_single_large_number_comes_back_from_steps() -> None:
    vectors = np.array([[0.6, -0.8], [0, 1], [-1, 0]], np.float32)
    assert decoded("int8", vectors) == pytest.approx(vectors, abs=0.8 / 127)
    assert decoded("int4", vectors)[1:].tolist() == vectors[1:].tolist()


@given(seeds, widths)
def test_int2_takes_the_nearest_of_four_levels(seed: int, width: int) -> None:
    vectors = unit_vectors(seed, 5, width)
    levels = np.array([-1.510, -0.4528, 0.4528, 1.510]) * width**-0.5
    nearest = np.abs(levels[:, None, None] - vectors).min(axis=0)
    found = decoded("int2", vectors)
    assert np.abs(found - vectors) == pytest.approx(nearest, abs=1e-6)
    assert np.abs(found[..., None] - levels).min(axis=-1) == pytest.approx(0, abs=1e-6)


def test_int2_loses_an_eighth_of_a_vector_of_any_direction_and_sign_a_third() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = {name: decoded(name, vectors) for name in ("int2", "sign")}
    cosines = {name: (each * vectors).sum(axis=1) / np.linalg.norm(each, axis=1) for name, each in found.items()}
    assert 1 - cosines["int2"].mean() ** 2 == pytest.approx(0.1175, abs=0.01)
    assert 1 - cosines["sign"].mean() ** 2 == pytest.approx(1 - 2 / np.pi, abs=0.01)


@given(seeds, widths)
def test_sign_keeps_signs_and_unit_length(seed: int, width: int) -> None:
    vectors = unit_vectors(seed, 5, width)
    result = decoded("sign", vectors)
    assert ((result > 0) == (vectors >= 0)).all()
    assert np.linalg.norm(result, axis=1) == pytest.approx(np.ones(5), abs=1e-5)


@pytest.mark.parametrize("name", PATCH_CODES)
@given(seeds, widths)
def test_a_vector_is_coded_by_itself_whatever_its_neighbours(name: str, seed: int, width: int) -> None:
    vectors = unit_vectors(seed, 4, width)
    code = patch_code(name)
    assert code.encode(vectors).tobytes() == b"".join(
        code.encode(vectors[place : place + 1]).tobytes() for place in range(4)
    )


@pytest.mark.parametrize("name", PATCH_CODES)
def test_no_vectors_are_coded_as_no_bytes(name: str) -> None:
    assert len(decoded(name, np.empty((0, 9), np.float32))) == 0


def test_a_finer_code_is_nearer_to_the_vector() -> None:
    vectors = unit_vectors(3, 50, 64)
    errors = [float(np.abs(decoded(each, vectors) - vectors).mean()) for each in PATCH_CODES]
    assert errors == sorted(errors)


def test_an_unknown_code_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="float16, int8, int4, int2, sign, got 'int3'"):
        patch_code("int3")
