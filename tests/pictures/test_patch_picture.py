"""A patch map over its picture: light where the token was seen, a frame around its largest place."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from lexlip_lucene.pictures.patch_picture import alignment_overlay, box_overlay, patch_overlay
from lexlip_lucene.pictures.token_colour import token_colour
from lexlip_lucene.vectors.alignment import Alignment
from lexlip_lucene.vectors.patch_map import Box, Grid, PatchMap

GREEN = (40, 160, 80)


def over(weights: list[list[float]], size: tuple[int, int] = (80, 40), *, shift: float = 0) -> Image.Image:
    found = PatchMap(
        "red", float(np.max(weights)), np.array(weights, dtype=np.float32), 0.0, Grid(*np.shape(weights), shift)
    )
    return patch_overlay(Image.new("RGB", size, GREEN), found)


def test_the_picture_keeps_its_size_and_its_colours_where_the_token_is() -> None:
    drawn = over([[0, 0, 0, 0], [0, 0, 0, 3]])
    assert (drawn.size, drawn.mode) == ((80, 40), "RGB")
    assert drawn.getpixel((70, 35)) == GREEN
    red, green, blue = drawn.getpixel((5, 5))  # type: ignore[misc]  # Pillow's type has single numbers too
    assert red == green == blue < 40


def test_a_token_of_the_picture_as_a_whole_leaves_it_as_it_is() -> None:
    nowhere = np.zeros((2, 4), dtype=np.float32)
    picture = Image.new("RGB", (80, 40), GREEN)
    as_a_whole = patch_overlay(picture, PatchMap("red", 2.0, nowhere, 1.0, Grid(2, 4)))
    assert as_a_whole.getcolors() == [(80 * 40, GREEN)]
    assert patch_overlay(picture, PatchMap("red", 0.0, nowhere, 0.0, Grid(2, 4))).getpixel((5, 5)) != GREEN


def test_a_place_is_as_light_as_its_share_of_the_largest_weight() -> None:
    drawn = np.asarray(over([[4, 2, 1, 0]], size=(400, 100))).astype(int)
    middles = [drawn[50, x, 1] for x in (50, 150, 250, 350)]
    shade = middles[-1]
    shares = [(middle - shade) / (GREEN[1] - shade) for middle in middles]
    assert shares == pytest.approx([1, 0.5, 0.25, 0], abs=0.02)


def test_the_frame_is_around_the_largest_place_in_the_token_s_colour() -> None:
    drawn = over([[0, 0, 0, 0], [0, 5, 0, 0]])
    assert drawn.getpixel((20, 20)) == drawn.getpixel((39, 39)) == (255, 255, 255)
    assert drawn.getpixel((21, 21)) == drawn.getpixel((38, 38)) == ImageColor.getrgb(token_colour("red"))
    assert drawn.getpixel((19, 30)) != (255, 255, 255) != drawn.getpixel((40, 30))


def test_light_and_frame_are_moved_by_the_grid_s_shift() -> None:
    """With a shift of −2 cells, what is in the last of 4 × 4 places is seen where place (1, 1) would be."""
    last, second = np.zeros((4, 4)), np.zeros((4, 4))
    last[3, 3] = second[1, 1] = 9
    moved, there = over(last.tolist(), size=(400, 400), shift=-2), over(second.tolist(), size=(400, 400))
    assert moved.getpixel((100, 100)) == (255, 255, 255)
    before = (0, 0, 150, 150)  # behind it, the moved map has no further places
    assert moved.crop(before).tobytes() == there.crop(before).tobytes()


def test_a_token_seen_nowhere_leaves_the_picture_dark_and_unframed() -> None:
    colours = over([[0, 0], [0, 0]]).getcolors()
    assert colours is not None and len(colours) == 1


def test_a_frame_without_light_leaves_the_rest_of_the_picture() -> None:
    picture = Image.new("RGB", (80, 40), GREEN)
    drawn = box_overlay(picture, "red", Box(0.5, 0, 0.75, 1))
    assert drawn.getpixel((40, 0)) == drawn.getpixel((59, 39)) == (255, 255, 255)
    assert drawn.getpixel((39, 20)) == drawn.getpixel((60, 20)) == drawn.getpixel((50, 20)) == GREEN
    assert picture.getcolors() == [(3200, GREEN)], "the picture itself stays as it was"


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (64, 64)])
def test_pictures_of_any_size_are_drawn_over(size: tuple[int, int]) -> None:
    assert over([[0.0, 1.0], [2.0, 0.0]], size=size).size == size


@pytest.mark.parametrize("shift", [0, -1, 0.5])
def test_exactly_the_places_that_align_with_the_label_are_lit(shift: float) -> None:
    """Place by place; the light of a shifted grid is shifted, and its edges are drawn out."""
    best = np.array([[0, 2, 1, 0], [3, 0, 2, 2]])
    of_label = np.array([False, False, True, True])
    alignment = Alignment(
        "red dog", "a photo of a red dog.", ("a", "a", "red", "dog"), of_label, best, Grid(2, 4, shift)
    )
    assert alignment.lit.tolist() == [[False, True, False, False], [True, False, True, True]]
    drawn = alignment_overlay(Image.new("RGB", (80, 40), GREEN), alignment)
    assert (drawn.size, drawn.mode) == ((80, 40), "RGB")
    for x in range(80):
        for y in range(40):
            row, column = (min(max(int(np.floor((at + 0.5) / 20 - shift)), 0), last) for at, last in ((y, 1), (x, 3)))
            pixel = drawn.getpixel((x, y))
            assert isinstance(pixel, tuple)
            if of_label[best[row, column]]:
                assert pixel == GREEN, (x, y)
            else:
                assert pixel[0] == pixel[1] == pixel[2] < 40, (x, y)
