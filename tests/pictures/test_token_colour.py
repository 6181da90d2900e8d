"""The colour of a token: the same everywhere, readable on its page, and no riddle for words that name colours."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.pictures.token_colour import luminance, token_colour, token_colour_on_dark


def contrast(first: str, second: str) -> float:
    """Compute the contrast ratio of WCAG 2.2."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def hue(colour: str) -> float:
    """Return the hue in degrees: 0 red, 120 green, 240 blue."""
    return 360 * colorsys.rgb_to_hls(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))[0]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [("#000000", 0.0), ("#ffffff", 1.0), ("#ff0000", 0.2126), ("#00ff00", 0.7152), ("#767676", 0.1812)],
)
def test_luminance_is_that_of_wcag(colour: str, expected: float) -> None:
    """#767676 is the lightest grey with a contrast of 4.5 against white."""
    assert luminance(colour) == pytest.approx(expected, abs=1e-4)


@given(token=st.text(st.characters(), max_size=12))
def test_every_token_can_be_read_on_a_white_and_on_a_dark_page(token: str) -> None:
    assert contrast(token_colour(token), "#ffffff") >= 4.5
    assert contrast(token_colour_on_dark(token), "#333333") >= 4.5


def test_a_token_keeps_its_colour_from_run_to_run() -> None:
    """Python's own hash() of a text differs in every process."""
    assert (token_colour("beach"), token_colour_on_dark("beach")) == ("#5553fb", "#a2a0fd")
    assert hue(token_colour("beach")) == pytest.approx(hue(token_colour_on_dark("beach")), abs=2)


def test_a_word_that_names_a_colour_has_its_hue() -> None:
    assert hue(token_colour("red")) == pytest.approx(0, abs=1)
    assert hue(token_colour("blue")) == pytest.approx(240, abs=1)
    assert hue(token_colour("orange")) == pytest.approx(39, abs=1)
    for grey in ("white", "black", "snow", "gray"):
        red, green, blue = (token_colour(grey)[at : at + 2] for at in (1, 3, 5))
        assert red == green == blue


def test_most_tokens_differ_in_colour() -> None:
    tokens = [f"w{number}" for number in range(300)]
    assert len({token_colour(token) for token in tokens}) > 250
