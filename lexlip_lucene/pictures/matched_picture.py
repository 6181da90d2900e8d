"""Two pictures side by side, with the places that one was found through, and lines between those that match most."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from lexlip_lucene.pictures.patch_picture import light_overlay
from lexlip_lucene.pictures.sheet import FONT, enlarged
from lexlip_lucene.vectors.patch_map import Box
from lexlip_lucene.vectors.place_matches import PlaceMatches

_GAP, _NOTE, _TALL = 36, 11, 18

COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf", "#e377c2", "#8c564b")
"""Of the lines, strongest match first."""


def matched_picture(query: Image.Image, document: Image.Image, matches: PlaceMatches) -> Image.Image:
    """Return both pictures: bright where a place gives to the score, with a line for each of the strongest matches.

    Args:
        query: the picture searched by, of any size; it is drawn on the left.
        document: the picture found.
        matches: their places. Without any match both are drawn as they are.
    """
    grounds = [enlarged(picture.convert("RGB")) for picture in (query, document)]
    if matches.score > 0:
        lights = [matches.light(query=True), matches.light(query=False)]
        drawn = [light_overlay(ground, light, matches.grid) for ground, light in zip(grounds, lights, strict=True)]
    else:
        drawn = grounds
    left, right = drawn
    whole = Image.new("RGB", (left.width + _GAP + right.width, max(left.height, right.height) + _TALL), "white")
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width + _GAP, 0))
    pen = ImageDraw.Draw(whole)
    for colour, match in zip(COLOURS, matches.strongest(len(COLOURS)), strict=False):
        boxes = [matches.grid.box(matches.grid.cell(place)) for place in match[:2]]
        _line(pen, [_on(boxes[0], left, 0), _on(boxes[1], right, left.width + _GAP)], colour)
    pen.text((0, whole.height - _TALL + 4), _said(matches), fill="#555555", font=ImageFont.truetype(FONT, _NOTE))
    return whole


def _said(matches: PlaceMatches) -> str:
    shown = sum(match.contribution for match in matches.strongest(len(COLOURS)))
    if not matches.score:
        return "no visual word in common"
    return f"lines: {shown / matches.score:.0%} of what the visual words gave"


def _on(box: Box, picture: Image.Image, offset: int) -> tuple[float, float, float, float]:
    """Return a box in pixels of the whole drawing."""
    right, bottom = picture.width - 1, picture.height - 1
    return offset + box.left * right, box.top * bottom, offset + box.right * right, box.bottom * bottom


def _line(pen: ImageDraw.ImageDraw, boxes: Sequence[tuple[float, float, float, float]], colour: str) -> None:
    """Frame both boxes, and join their centres."""
    for box in boxes:
        pen.rectangle(box, outline=colour, width=2)
    centres = [((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in boxes]
    pen.line(centres, fill=colour, width=2)
