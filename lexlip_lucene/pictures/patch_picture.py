"""A patch map drawn over its picture: bright where the token has its weight, dark where it has none.

The largest place is framed in the token's colour, so the frame also shows how large a place is: between places the
light is interpolated, and no map is finer than its grid. The places that align with a label are lit whole, unframed.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lexlip_lucene.pictures.token_colour import token_colour
from lexlip_lucene.vectors.alignment import Alignment
from lexlip_lucene.vectors.patch_map import Box, Grid, PatchMap

_SHADE = 0.22
"""Brightness of what a token has no weight in, of a grey copy of the picture."""

_EDGE = 4
"""Cells that a map is drawn out by on each side: more than any shift."""


def patch_overlay(picture: Image.Image, map: PatchMap) -> Image.Image:
    """Return a copy of `picture` (RGB, its own size) with `map` over it.

    A place is as bright as its share of the map's largest weight; a map without any weight leaves all dark, and a token
    of the picture as a whole leaves all as it is.
    """
    seen = picture.convert("RGB")
    if map.is_of_no_place:
        return seen
    drawn = Image.composite(seen, _shaded(seen), _light(map, seen.size))
    if map.box is not None:
        _frame(drawn, map.box, map.token)
    return drawn


def light_overlay(picture: Image.Image, light: NDArray[np.float32], grid: Grid) -> Image.Image:
    """Return a copy of `picture` (RGB), as bright at each place of `grid` as `light` (rows, columns) in 0..1 says."""
    seen = picture.convert("RGB")
    return Image.composite(seen, _shaded(seen), _stretched(light, grid, seen.size, Image.Resampling.BILINEAR))


def box_overlay(picture: Image.Image, token: str, box: Box) -> Image.Image:
    """Return a copy of `picture` (RGB) with the place of `token` framed: what stored positions tell."""
    drawn = picture.convert("RGB")
    _frame(drawn, box, token)
    return drawn


def alignment_overlay(picture: Image.Image, alignment: Alignment) -> Image.Image:
    """Return a copy of `picture` (RGB) that keeps its light only where a place is most like a token of the label."""
    seen = picture.convert("RGB")
    light = _stretched(alignment.lit.astype(np.float32), alignment.grid, seen.size, Image.Resampling.NEAREST)
    return Image.composite(seen, _shaded(seen), light)


def _light(map: PatchMap, size: tuple[int, int]) -> Image.Image:
    """Return the brightness of each pixel, interpolated between places."""
    share = map.weights / max(float(map.weights.max()), 1e-30)
    return _stretched(share, map.grid, size, Image.Resampling.BILINEAR)


def _stretched(
    shares: NDArray[np.float32], grid: Grid, size: tuple[int, int], between: Image.Resampling
) -> Image.Image:
    """Return shares (rows, columns) in 0..1 as light over a picture, shifted as its grid, the edges drawn out."""
    cells = Image.fromarray(np.pad(np.rint(255 * shares).astype(np.uint8), _EDGE, mode="edge"))
    begin = _EDGE - grid.shift
    seen = (begin, begin, begin + grid.columns, begin + grid.rows)
    return cells.resize(size, between, box=seen)


def _shaded(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point([round(_SHADE * level) for level in range(256)]).convert("RGB")


def _frame(picture: Image.Image, box: Box, token: str) -> None:
    """Draw a frame just inside `box`: white outside, the token's colour inside, to be seen on any ground."""
    width, height = picture.size
    thick = max(1, min(width, height) // 100)
    left, top = round(box.left * width), round(box.top * height)
    right, bottom = round(box.right * width) - 1, round(box.bottom * height) - 1
    pen = ImageDraw.Draw(picture)
    for inset, colour in ((0, "white"), (thick, token_colour(token))):
        place = (left + inset, top + inset, max(left + inset, right - inset), max(top + inset, bottom - inset))
        pen.rectangle(place, outline=colour, width=thick)
