"""The metadata that photos are narrowed by: folder, date, camera and place, as keys of a collection's line.

    {"words": "2023 alps hut 1", "folder": ["2023", "2023/alps"], "date": "2023-07-14T09:30:00",
     "year": "2023", "month": "2023-07", "camera": "Canon EOS 80D", "place": ["Switzerland", "Zermatt"],
     "description": "Before the ascent"}

A date is what the camera wrote, else the file's time of change in this machine's time zone. A place and a description
are texts that somebody wrote into the photo.
"""

import re
from datetime import datetime
from pathlib import PurePosixPath

from lexlip_lucene.data.exif import read_exif
from lexlip_lucene.photos.scan import PhotoFile

KEYWORDS = ("folder", "year", "month", "camera", "place")
"""Keys that a search can filter by."""

STORED = ("contents", "words", "date", "camera", "place", "description")
"""Keys whose values the index gives back."""

Metadata = dict[str, str | list[str]]


def metadata_of(file: PhotoFile) -> Metadata:
    """Return the keys of a photo; one that does not apply to it is left out."""
    exif = read_exif(file.image.path)
    date = (exif.taken or _changed(file)).isoformat(timespec="seconds")
    found: Metadata = {
        "words": " ".join(words_of(file.image.id)),
        "folder": folders_of(file.image.id),
        "date": date,
        "year": date[: len("2023")],
        "month": date[: len("2023-07")],
        "camera": exif.camera,
        "place": list(exif.texts.places),
        "description": exif.texts.description,
    }
    return {key: value for key, value in found.items() if value}


def words_of(id: str) -> list[str]:
    """Return the words of a file's name and of its folders, without the name's ending: `2023/My-dog.jpg` → three."""
    return re.findall(r"[^\W_]+", str(PurePosixPath(id).with_suffix("")))


def folders_of(id: str) -> list[str]:
    """Return the folder of a file and those above it, the widest first; none for a file at the top."""
    return [str(folder) for folder in reversed(PurePosixPath(id).parents[:-1])]


def _changed(file: PhotoFile) -> datetime:
    try:
        return datetime.fromtimestamp(file.modified // 10**9)
    except (ValueError, OverflowError, OSError):  # a broken file system gives years that there are not
        return datetime.fromtimestamp(0)
