"""The identity of photo files, known without reading them: a million are looked at in seconds."""

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

import orjson

from lexlip_lucene.data.captioned_image import CaptionedImage


def listed_photos(images: Iterable[CaptionedImage]) -> str:
    """Return the sha256 of each image's id, its file's size in bytes and time of change, or that it is missing.

    Not of where the files are: photos that were moved with their times are still the same.
    """
    digest = hashlib.sha256()
    for image in images:
        file: list[object] = ["missing"]
        if not image.refused and (found := stat_of(image.path)) is not None:
            file = [found.st_size, found.st_mtime_ns]
        digest.update(orjson.dumps([image.id, *file], option=orjson.OPT_APPEND_NEWLINE))
    return digest.hexdigest()


def stat_of(path: Path) -> os.stat_result | None:
    """Return what the system knows of a file; None where it is none, or the system does not say."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # missing, no permission, or a name that no file can have
        return None
    return found if stat.S_ISREG(found.st_mode) else None
