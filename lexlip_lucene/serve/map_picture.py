"""A document's picture with the place of a token shown in it, as a file for the page.

That is the token's whole patch map where the model sees pictures, else the place that the index stores; or its late
map. A picture of a few pixels is enlarged first, so that the frame stays thin.
"""

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from lexlip_lucene.data.images import open_image
from lexlip_lucene.pictures.patch_picture import box_overlay, patch_overlay
from lexlip_lucene.serve.searching import Searching
from lexlip_lucene.vectors.positions import POSITIONS, parse_positions

LEAST_SIDE, MOST_SIDE = 480, 960
QUALITY = 88


class MapPicture(NamedTuple):
    """A JPEG file, and whether it shows a place; a token of the picture as a whole has none."""

    content: bytes
    has_place: bool


def map_picture(searching: Searching, docid: str, path: Path, token: str, late_in: str | None = None) -> MapPicture:
    """Return the picture of document `docid`, at `path`, that shows where `token` is.

    With a text `late_in` it shows how like each place is to the token, by patch vectors, as re-ranking by that text
    compares them; a token that is not in it is a text of its own.

    Raises:
        InputError: the token is not in the lexicon, or the model sees no pictures and the index has no positions.
        ModelError: `late_in` is given, and the model has no late maps.
        UnreadableImage: the picture can't be read.
    """
    picture = open_image(path)
    drawn = _enlarged(picture)
    positions = searching.stored(docid).get(POSITIONS)
    if late_in is not None:
        found = searching.model.late_map(picture, token, late_in)
        box, drawn = found.box, patch_overlay(drawn, found)
    elif searching.model.sees_pictures or positions is None:
        found = searching.model.patch_map(picture, token)
        box, drawn = found.box, patch_overlay(drawn, found)
    else:
        box = parse_positions(positions, searching.seen(docid), f"document {docid}").box(token)
        drawn = drawn if box is None else box_overlay(drawn, token, box)
    file = BytesIO()
    drawn.save(file, "JPEG", quality=QUALITY)
    return MapPicture(file.getvalue(), box is not None)


def _enlarged(picture: Image.Image) -> Image.Image:
    drawn = picture.copy()
    drawn.thumbnail((MOST_SIDE, MOST_SIDE))
    times = -(-LEAST_SIDE // max(drawn.size))
    return drawn.resize((times * drawn.width, times * drawn.height), Image.Resampling.BICUBIC) if times > 1 else drawn
