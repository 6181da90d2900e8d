"""The pointing game, by hand."""

import numpy as np
import pytest

from lexlip_lucene.evaluate.pointing import Pointed, pointing_accuracy
from lexlip_lucene.vectors.patch_map import Box, Grid, PatchMap

UPPER_LEFT, MIDDLE = Box(0, 0, 0.5, 0.5), Box(0.4, 0.4, 0.6, 0.6)


def seen(weights: list[list[float]], shift: float = 0.0) -> PatchMap:
    return PatchMap("red", 1.0, np.array(weights, dtype=np.float32), 0.0, Grid(*np.shape(weights), shift))


def test_a_map_hits_when_the_middle_of_its_largest_place_is_in_a_box() -> None:
    """Of 2 × 2 places one has its middle in the upper left quarter, none in the middle of the picture."""
    maps = [
        (seen([[3, 1], [1, 1]]), [UPPER_LEFT]),  # at (0.25, 0.25)
        (seen([[1, 3], [1, 1]]), [UPPER_LEFT]),  # at (0.75, 0.25)
        (seen([[3, 1], [1, 1]]), [MIDDLE]),
        (seen([[1, 1], [1, 3]]), [MIDDLE, UPPER_LEFT, Box(0.7, 0.7, 0.8, 0.8)]),  # at (0.75, 0.75)
    ]
    assert pointing_accuracy(maps) == Pointed(maps=4, hits=0.5, centre=0.5, random=(1 + 1 + 0 + 2) / 16)


def test_the_shift_of_the_grid_counts_for_maps_and_for_random_places() -> None:
    """With −0.5 cells the middle of place (1, 1) of 2 × 2 is the picture's; those of the others move as well."""
    found = pointing_accuracy([(seen([[0, 0], [0, 1]], shift=-0.5), [MIDDLE])])
    assert found == Pointed(maps=1, hits=1.0, centre=1.0, random=0.25)


def test_a_token_seen_nowhere_misses_and_counts() -> None:
    found = pointing_accuracy([(seen([[0, 0]]), [Box(0, 0, 1, 1)]), (seen([[0, 1]]), [Box(0, 0, 1, 1)])])
    assert found == Pointed(maps=2, hits=0.5, centre=1.0, random=1.0)


@pytest.mark.parametrize(("box", "hit"), [(Box(0.25, 0, 1, 1), 1.0), (Box(0, 0, 0.25, 1), 0.0)])
def test_a_box_has_its_left_and_upper_edges_and_not_the_others(box: Box, hit: float) -> None:
    assert pointing_accuracy([(seen([[1, 0]]), [box])]).hits == hit
