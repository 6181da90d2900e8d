"""Inputs hash: two encode runs with the same one are of the same inputs; of ids and of what is cheap to know of each.

A picture counts by the size of its file (−1 for a file that may not be opened), so a data set that was copied is
still the same; one that was painted over in place with not a byte more or less goes unnoticed.
"""

import hashlib
from collections.abc import Iterable, Sequence

import orjson

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.data.photo_files import stat_of
from lexlip_lucene.errors import OutputError
from lexlip_lucene.records import Topic


def hash_of_images(images: Sequence[CaptionedImage]) -> str:
    """Return the sha256 of ids and file sizes, in order.

    Raises:
        OutputError: an id occurs twice.
    """
    return _hash((image.id, _size(image)) for image in images)


def _size(image: CaptionedImage) -> int:
    found = None if image.refused else stat_of(image.path)
    return -1 if found is None else found.st_size


def hash_of_texts(texts: Sequence[Topic]) -> str:
    """Return the sha256 of ids and texts, in order.

    Raises:
        OutputError: an id occurs twice.
    """
    return _hash(texts)


def _hash(inputs: Iterable[tuple[str, object]]) -> str:
    digest = hashlib.sha256()
    seen: set[str] = set()
    for each in inputs:
        if each[0] in seen:
            raise OutputError(f"document id {each[0]} occurs twice; ids in a collection must differ")
        seen.add(each[0])
        digest.update(orjson.dumps(list(each), option=orjson.OPT_APPEND_NEWLINE))
    return digest.hexdigest()
