"""Word clouds: the heavier the larger, the same bytes for the same weights, and nothing breaks out of the SVG."""

import io
import math
import xml.etree.ElementTree as ET
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageColor

from lexlip_lucene.errors import InputError
from lexlip_lucene.pictures.cloud import MOST, cloud_png, cloud_svg
from lexlip_lucene.pictures.token_colour import token_colour, token_colour_on_dark

WEIGHTS = {"red": 255, "circle": 200, "striped": 120, "##s": 60, "on": 30, "water": 12}
SVG = "{http://www.w3.org/2000/svg}"


class Drawn(NamedTuple):
    token: str
    size: int
    fill: str
    title: str


def drawn(svg: str) -> list[Drawn]:
    found = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):
        title = text.find(f"{SVG}title")
        assert title is not None and title.text is not None
        found.append(Drawn(text.attrib["data-token"], int(text.attrib["font-size"]), text.attrib["fill"], title.text))
        assert text.text == text.attrib["data-token"]
    return found


def pixels(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def test_the_heavier_a_token_the_larger_it_is() -> None:
    words = drawn(cloud_svg(WEIGHTS, width=600, height=300))
    assert [word.token for word in words] == list(WEIGHTS)
    sizes = [word.size for word in words]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 2 * sizes[-1]


def test_every_token_has_its_own_colour_and_says_its_weight() -> None:
    for word in drawn(cloud_svg(WEIGHTS)):
        assert word.fill == token_colour(word.token) and word.title == f"{word.token} {WEIGHTS[word.token]}"
    assert {word.fill for word in drawn(cloud_svg(WEIGHTS, colour=token_colour_on_dark))} == {
        token_colour_on_dark(token) for token in WEIGHTS
    }


def test_the_picture_has_the_size_that_was_asked_for_and_the_colours_of_its_tokens() -> None:
    image = pixels(cloud_png(WEIGHTS, width=500, height=220))
    assert (image.format, image.size, image.mode) == ("PNG", (500, 220), "RGB")
    shown = {tuple(colour) for colour in np.asarray(image).reshape(-1, 3).tolist()}
    assert {ImageColor.getrgb(token_colour(token)) for token in WEIGHTS} <= shown
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_the_same_weights_give_the_same_bytes_in_whatever_order_they_come() -> None:
    turned = dict(reversed(WEIGHTS.items()))
    assert cloud_png(WEIGHTS) == cloud_png(WEIGHTS) == cloud_png(turned)
    assert cloud_svg(WEIGHTS) == cloud_svg(WEIGHTS) == cloud_svg(turned)


def test_the_scale_of_the_weights_does_not_matter() -> None:
    whole, fractions = (drawn(cloud_svg({t: w * f for t, w in WEIGHTS.items()})) for f in (1, 1 / 64))
    assert [word[:3] for word in whole] == [word[:3] for word in fractions]


def test_only_the_heaviest_are_drawn_where_there_are_many() -> None:
    many = {f"w{number}": 1 + number for number in range(5 * MOST)}
    words = [word.token for word in drawn(cloud_svg(many, width=1600, height=800))]
    assert 0 < len(words) <= MOST
    assert words == [f"w{number}" for number in range(5 * MOST - 1, 5 * MOST - 1 - len(words), -1)]


def test_no_token_is_an_empty_picture() -> None:
    for weights in ({}, {"red": 0, "blue": -2.0}):
        assert drawn(cloud_svg(weights)) == []
        assert pixels(cloud_png(weights, width=60, height=50)).getcolors() == [(3000, (255, 255, 255))]


def test_a_token_that_fits_in_no_letters_leaves_room_for_the_others() -> None:
    words = drawn(cloud_svg({"x" * 255: 9.0, "x" * 30: 2.0, "red": 1.0}, width=300, height=80))
    assert [word.token for word in words] == ["x" * 30, "red"]


@pytest.mark.parametrize("token", ["</text><script>", "\"'&", "a\x01b", "\udce9", "🙂", "犬"])
def test_hostile_tokens_stay_text(token: str) -> None:
    svg = cloud_svg({token: 2.0, "red": 1.0})
    svg.encode()
    shown = [word.token for word in drawn(svg)]
    assert shown == [token.replace("\x01", "\ufffd").replace("\udce9", "\ufffd"), "red"]
    assert "<script" not in svg
    assert pixels(cloud_png({token: 2.0, "red": 1.0})).size == (800, 400)


@pytest.mark.parametrize("weight", [math.nan, math.inf])
def test_a_weight_that_is_not_a_number_is_refused(weight: float) -> None:
    with pytest.raises(InputError, match=f"needs finite weights, but that of 'red' is {weight}"):
        cloud_png({"red": weight})


def test_a_picture_too_small_is_refused() -> None:
    with pytest.raises(InputError, match="at least 50 × 50 pixels, got 49 × 400"):
        cloud_svg({"red": 1}, width=49)
