"""JPEGs decoded at a part of their size: only where a model sees hardly a difference."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.data.images import REDUCED_TO, UnreadableImage, open_image
from lexlip_lucene.demo.drawing import draw
from lexlip_lucene.demo.scenes import make_scenes

SIDE = 64


def scene(path: Path, width: int, height: int, **options: object) -> Path:
    """Save a drawn scene as a photo, with a camera's noise."""
    (drawn,) = make_scenes(train=1, test=0, captions=1, seed=4)
    pixels = np.asarray(draw(drawn).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    noise = np.random.default_rng(0).integers(-8, 9, pixels.shape)
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("width", "height", "seen"),
    [
        (111, 111, (111, 111)),
        (223, 223, (223, 223)),
        (224, 300, (112, 150)),
        (1155, 866, (289, 217)),
        (2000, 1600, (250, 200)),
        (4000, 200, (4000, 200)),
    ],
)
def test_a_jpeg_stays_large_enough_for_the_resize_to_smooth(
    tmp_path: Path, width: int, height: int, seen: tuple[int, int]
) -> None:
    picture = open_image(scene(tmp_path / "photo.jpg", width, height), side=SIDE)
    assert picture.size == seen
    assert min(picture.size) >= min(REDUCED_TO * SIDE, width, height)
    assert open_image(tmp_path / "photo.jpg").size == (width, height)


def test_the_picture_that_a_model_sees_hardly_differs(tmp_path: Path) -> None:
    path = scene(tmp_path / "photo.jpg", 1155, 866, quality=90)
    whole, reduced = (
        np.asarray(open_image(path, side=side).resize((SIDE, SIDE), Image.Resampling.BICUBIC)).astype(float)
        for side in (None, SIDE)
    )
    difference = np.abs(whole - reduced)
    assert 0 < difference.mean() < 1.5 and np.percentile(difference, 99) <= 10  # of 255


def test_formats_that_have_no_smaller_decoding_are_read_whole(tmp_path: Path) -> None:
    assert open_image(scene(tmp_path / "photo.png", 900, 700), side=SIDE).size == (900, 700)


def test_the_limit_on_pixels_is_that_of_the_whole_picture(tmp_path: Path) -> None:
    path = scene(tmp_path / "photo.jpg", 400, 300)
    with pytest.raises(UnreadableImage, match="too large: 400 × 300 pixels"):
        open_image(path, ImageLimits(max_pixels=100_000), side=SIDE)
