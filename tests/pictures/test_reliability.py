"""The reliability picture."""

from pathlib import Path

import pytest
from PIL import Image

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.pictures.reliability import draw_reliability, require_picture

CURVES = [[(0.05, 0.02, 40), (0.95, 0.9, 60)], [(0.5, 0.5, 1)]]


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_picture_is_of_the_kind_that_its_name_says(tmp_path: Path, kind: str) -> None:
    draw_reliability(CURVES, tmp_path / f"r.{kind}", brier=0.1)
    with Image.open(tmp_path / f"r.{kind}") as image:
        assert image.format == kind.upper() and min(image.size) > 300


def test_the_same_curves_give_the_same_svg_with_its_title(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        draw_reliability(CURVES, tmp_path / name, brier=0.125)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.svg", "two.svg"]


def test_another_kind_and_a_picture_that_is_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a picture ends in \.svg, \.png, \.webp, got"):
        require_picture(tmp_path / "r.gif", force=False)
    (tmp_path / "r.svg").touch()
    with pytest.raises(OutputError, match="exists already"):
        require_picture(tmp_path / "r.svg", force=False)
    require_picture(tmp_path / "r.svg", force=True)
