"""Matrices as integers of 8 bits with a scale a row."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.encoders.model.packed_tensors import SMALLEST, packed, unpacked


@given(seed=st.integers(0, 1000), spread=st.floats(1e-6, 1e3), rows=st.integers(1, 40))
def test_no_number_moves_by_more_than_half_a_step_of_its_row(seed: int, spread: float, rows: int) -> None:
    matrix = torch.randn(rows, SMALLEST // rows + 1, generator=torch.manual_seed(seed)) * spread
    matrix[0] = 0
    again = unpacked(packed({"w": matrix}))["w"]
    step = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert bool(((again - matrix).abs() <= step * 0.5001).all())


def test_what_is_small_or_no_matrix_of_floats_stays_as_it_is() -> None:
    tensors = {
        "bias": torch.rand(SMALLEST),
        "small": torch.rand(3, 4),
        "positions": torch.zeros(300, 300, dtype=torch.int32),
        "other.scale": torch.rand(3),
    }
    kept = unpacked(packed(tensors))
    assert kept.keys() == tensors.keys()
    assert all(torch.equal(kept[name], tensor) for name, tensor in tensors.items())


def test_packing_twice_gives_the_same_bytes() -> None:
    once = packed({"w": torch.randn(64, SMALLEST // 32, generator=torch.manual_seed(0))})
    twice = packed(unpacked(once))
    assert torch.equal(once["w"], twice["w"])
