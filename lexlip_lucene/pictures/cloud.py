"""Word clouds of token → weight: the heavier a token, the larger; laid out by the `wordcloud` library.

The layout starts from a fixed random state, so the same weights give the same bytes (with the same Pillow). Weights of
any scale do: impacts, lexicon weights, contributions.
"""

import io
import math
import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

import matplotlib
from PIL import Image, ImageFont
from wordcloud import WordCloud

from lexlip_lucene.errors import InputError
from lexlip_lucene.pictures.token_colour import token_colour

MOST = 200
"""The heaviest tokens that are drawn; more would be too small to read."""

SMALLEST = 9
"""Pixels of the smallest letters that are drawn."""

_FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""It comes with matplotlib, and has far more letters than the library's own font. What it lacks (Chinese, most emoji)
is a box in a PNG; an SVG is drawn with the reader's fonts."""

_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""The characters that no XML document may have, escaped or not (XML 1.0, production 2)."""


class _Word(NamedTuple):
    """A token in its place: pixels from the top left corner to that of its letters, which run upwards if `upright`."""

    token: str
    weight: float
    size: int
    left: int
    top: int
    upright: bool


def cloud_png(weights: Mapping[str, float], *, width: int = 800, height: int = 400) -> bytes:
    """Return a word cloud as a PNG file, on white.

    Args:
        weights: token → finite weight; what is not above 0, or too long to fit in the smallest letters, is left out.
            Without any token the picture is empty.
        width: in pixels, at least 50.
        height: in pixels, at least 50.

    Raises:
        InputError: a weight is not finite, or the picture would be smaller than 50 × 50.
    """
    laid_out = _laid_out(weights, width, height)
    image = Image.new("RGB", (width, height), "white") if laid_out is None else laid_out.to_image()
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def cloud_svg(
    weights: Mapping[str, float],
    *,
    width: int = 800,
    height: int = 400,
    colour: Callable[[str], str] = token_colour,
) -> str:
    """Return a word cloud as an SVG document with a transparent ground.

    Each token is a `<text>` with the attribute `data-token` and its weight as title. It names no font file and has no
    style sheet: `textLength` makes whatever font the reader has fill the same places.

    Args:
        weights: as in `cloud_png`, with the same errors.
        width: likewise.
        height: likewise.
        colour: token → "#rrggbb"; `token_colour_on_dark` for a dark page.
    """
    laid_out = _laid_out(weights, width, height)
    words = [] if laid_out is None else _words(laid_out, weights)
    label = _xml("Word cloud: " + ", ".join(word.token for word in words[:10]))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{label}" font-family="DejaVu Sans, Verdana, sans-serif">'
    )
    return "\n".join([head, *(_text(word, colour(word.token)) for word in words), "</svg>\n"])


def _laid_out(weights: Mapping[str, float], width: int, height: int) -> WordCloud | None:
    """Return the cloud with every token in its place; None without any token."""
    if width < 50 or height < 50:
        raise InputError(f"a word cloud needs at least 50 × 50 pixels, got {width} × {height}")
    for token, weight in weights.items():
        if not math.isfinite(weight):
            raise InputError(f"a word cloud needs finite weights, but that of {token!r} is {weight}")
    smallest = ImageFont.truetype(_FONT, SMALLEST)
    drawn = [(token, weight) for token, weight in weights.items() if weight > 0 and smallest.getlength(token) < width]
    drawn.sort(key=lambda entry: (-entry[1], entry[0]))
    if not drawn:
        return None
    cloud = WordCloud(
        font_path=str(_FONT),
        width=width,
        height=height,
        margin=max(2, height // 100),
        max_words=MOST,
        min_font_size=SMALLEST,
        max_font_size=height // 4,
        relative_scaling=0.6,
        prefer_horizontal=0.95,
        background_color="white",
        color_func=lambda word, **_: token_colour(word),
        random_state=0,
    )
    return cloud.generate_from_frequencies(dict(drawn))


def _words(cloud: WordCloud, weights: Mapping[str, float]) -> list[_Word]:
    return [
        _Word(token, weights[token], size, int(left), int(top), orientation is not None)
        for (token, _), size, (top, left), orientation, _ in cloud.layout_
    ]


def _text(word: _Word, colour: str) -> str:
    """Return the SVG element of a word: SVG places the baseline, the layout the upper left corner of the ink."""
    font = ImageFont.truetype(_FONT, word.size)
    inset, above, right, _ = font.getbbox(word.token)
    baseline = font.getmetrics()[0] - above
    if word.upright:
        place = f"translate({word.left + baseline:g},{word.top + right:g}) rotate(-90)"
    else:
        place = f"translate({word.left - inset:g},{word.top + baseline:g})"
    token, length = _xml(word.token), font.getlength(word.token)
    return (
        f'<text data-token="{token}" transform="{place}" font-size="{word.size}" fill="{colour}" '
        f'textLength="{length:g}" lengthAdjust="spacingAndGlyphs">{token}<title>{token} {word.weight:g}</title></text>'
    )


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))
