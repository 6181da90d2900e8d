"""Further caption sets: what is said about images that are not at hand, one image a line (`.jsonl`, `.jsonl.gz`).

    {"id": "1000092795", "captions": ["Two young guys with shaggy hair …", "Two men in green shirts …", …]}

Other keys are allowed and ignored, `split` among them: a text model has no photo to test on. No reader of images:
`captions.py` has those.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import list_at, read_json_lines, text_at

ENDINGS = (".jsonl", ".jsonl.gz")

_NUMBER = re.compile(r"\d+(?=_)")


class CaptionSet(NamedTuple):
    """The captions of one image, and its id."""

    id: str
    captions: tuple[str, ...]


def read_caption_sets(path: Path) -> list[CaptionSet]:
    """Read every line, in order.

    Raises:
        InputError: a file of another kind, no such file, no line in it, a broken line, a missing key or a value of the
            wrong type (file:line).
    """
    if not path.name.endswith(ENDINGS):
        raise InputError(f"caption sets: a file ending in {' or '.join(ENDINGS)} is needed, but got {path}")
    sets = [
        CaptionSet(text_at(record, "id", where), tuple(list_at(record, "captions", where, of=str)))
        for where, record in read_json_lines(path, "caption set file")
    ]
    if not sets:
        raise InputError(f"caption sets: no line in {path}")
    return sets


def without(sets: Sequence[CaptionSet], ids: Iterable[str]) -> list[CaptionSet]:
    """Leave out the sets of images that are known already.

    Ids name one image when they are equal, or have the same number before a `_`: Flickr8k's
    `1000268201_693b08cb0e` is Flickr30k's `1000268201`. `COCO_val2014_…` begins with no number and is taken whole.
    """
    known = {image_of(id) for id in ids}
    return [found for found in sets if image_of(found.id) not in known]


def image_of(id: str) -> str:
    """Return what an id has in common with the other ids of its image: the number before a `_`, else all of it."""
    number = _NUMBER.match(id)
    return number.group() if number else id
