"""A document's picture with the place of a token shown in it, as a file for the page.

That is the token's whole patch map where the model sees pictures, else the place that the index stores. A picture of a
few pixels is enlarged first, so that the frame stays thin.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image

from lexlip_lucene.data.images import open_image
from lexlip_lucene.pictures.patch_picture import box_overlay, patch_overlay
from lexlip_lucene.serve.query_model import QueryModel
from lexlip_lucene.vectors.positions import POSITIONS, parse_positions

LEAST_SIDE, MOST_SIDE = 480, 960
QUALITY = 88


def map_picture(model: QueryModel, path: Path, token: str, stored: Mapping[str, str]) -> bytes:
    """Return the JPEG file of the picture at `path` that shows where `token` is.

    Args:
        model: the model of the server.
        path: the picture.
        token: of the lexicon.
        stored: the document's stored fields, its positions among them or not.

    Raises:
        InputError: the token is not in the lexicon, or the model sees no pictures and there are no positions.
        UnreadableImage: the picture can't be read.
    """
    picture = open_image(path)
    drawn = _enlarged(picture)
    if model.sees_pictures or POSITIONS not in stored:
        drawn = patch_overlay(drawn, model.patch_map(picture, token))
    elif (box := parse_positions(stored[POSITIONS], "the index").box(token)) is not None:
        drawn = box_overlay(drawn, token, box)
    file = BytesIO()
    drawn.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _enlarged(picture: Image.Image) -> Image.Image:
    drawn = picture.copy()
    drawn.thumbnail((MOST_SIDE, MOST_SIDE))
    times = -(-LEAST_SIDE // max(drawn.size))
    return drawn.resize((times * drawn.width, times * drawn.height), Image.Resampling.BICUBIC) if times > 1 else drawn
