"""A page of near-duplicates: a row of small pictures a group, each with its similarity and the size of its file.

One file with its pictures inside, so that it can be sent to somebody; nothing is fetched.
"""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

from jinja2 import Environment, PackageLoader
from PIL import Image

SIDE = 200
"""Pixels of the longer side of a small picture."""

QUALITY = 80


class ShownCopy(NamedTuple):
    """A picture of a group.

    Attributes:
        docid: its id.
        similarity: to the first of the group.
        picture: a data URI; "" if its file can't be read.
        size: of its file, in words; the reason if it can't be read.
        note: what distinguishes it, such as "largest"; "" for most.
    """

    docid: str
    similarity: float
    picture: str
    size: str
    note: str = ""


class ShownGroup(NamedTuple):
    """The pictures of a group that are shown, and how many there are in all."""

    copies: Sequence[ShownCopy]
    members: int


def thumbnail_uri(picture: Image.Image) -> str:
    """Return a picture in mode RGB as a small JPEG in a data URI."""
    small = picture.copy()
    small.thumbnail((SIDE, SIDE))
    file = BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def size_in_words(width: int, height: int, bytes: int) -> str:
    """Return the size of a picture's file: `4032 × 3024, 3.1 MB`."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if bytes >= factor:
            return f"{width} × {height}, {bytes / factor:.1f} {unit}"
    return f"{width} × {height}, {bytes} bytes"


def duplicates_page(groups: Sequence[ShownGroup], facts: Mapping[str, str], *, left_out: int = 0) -> str:
    """Return the page as HTML.

    Args:
        groups: in the order of the page.
        facts: what to say about the report, name → text.
        left_out: groups that are not shown.
    """
    environment = Environment(loader=PackageLoader("lexlip_lucene.pictures", "."), autoescape=True, trim_blocks=True)
    page: str = environment.get_template("duplicates.html").render(groups=groups, facts=facts, left_out=left_out)
    return page
