"""Several pictures of one size on one white sheet, each with a title and a line below it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
from PIL import Image, ImageDraw, ImageFont

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""The font of all that is written on pictures."""

_TITLE, _NOTE = 15, 11
"""Pixels of the letters."""

_ACROSS = 4
_GAP = 12

SIDE = 224
"""Pixels of the longer side of a tile."""


class Tile(NamedTuple):
    """A picture, its title in a colour ("#rrggbb"), and a note below; texts too long for the tile are cut off."""

    picture: Image.Image
    title: str
    note: str = ""
    colour: str = "#222222"


def enlarged(picture: Image.Image) -> Image.Image:
    """Return the picture at the size that it has on a sheet: the longer side is SIDE, the other at least 1."""
    share = SIDE / max(picture.size)
    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def sheet(tiles: Sequence[Tile]) -> Image.Image:
    """Return the tiles side by side, at most four in a row; each is at least SIDE wide, and as high as the highest."""
    high = max(tile.picture.height for tile in tiles) + 2 * _GAP + _TITLE + _NOTE
    columns, rows = min(_ACROSS, len(tiles)), math.ceil(len(tiles) / _ACROSS)
    drawn = Image.new("RGB", (columns * (SIDE + _GAP) + _GAP, rows * high + _GAP), "white")
    for number, tile in enumerate(tiles):
        row, column = divmod(number, _ACROSS)
        drawn.paste(_drawn(tile, high), (_GAP + column * (SIDE + _GAP), _GAP + row * high))
    return drawn


def _drawn(tile: Tile, high: int) -> Image.Image:
    drawn = Image.new("RGB", (SIDE, high), "white")
    drawn.paste(tile.picture, (0, 0))
    pen, below = ImageDraw.Draw(drawn), tile.picture.height + 4
    pen.text((0, below), tile.title, fill=tile.colour, font=ImageFont.truetype(FONT, _TITLE))
    pen.text((0, below + _TITLE + 4), tile.note, fill="#555555", font=ImageFont.truetype(FONT, _NOTE))
    return drawn
