"""The metadata that photos are found and narrowed by, as keys of a collection's line: names, date, camera and place.

    {"words": "2023 alps hut", "folder": ["2023", "2023/alps"], "date": "2023-07-14T09:30:00",
     "year": "2023", "month": "2023-07", "camera": "Canon EOS 80D", "place": ["Switzerland", "Zermatt"],
     "description": "Before the ascent"}

The words are those that a person gave: of `IMG_1234` and `DSC0001` there are none, and of numbers only years. A date is
what the camera wrote, else the file's time of change in this machine's time zone. A place and a description are texts
that somebody wrote into the photo.
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

CAPTIONS = {"words": 0.25, "year": 0.25, "place": 0.25, "description": 0.25}
"""Caption fields and their weights: a rare word of a name counts about half as much as the most that a word is seen.
So names help, and a wrong one hardly harms (docs/results.md)."""

_CAMERA = re.compile(
    r"""(?<![^\W_])  # a word begins
    (?:img|imag|image|mvimg|dsc[fn]?|pxl|gopr|dji|pict?|sam|cimg|wp|p)
    [\s_.-]* e? \d+ (?:[\s_.-]+ (?:\d+|wa\d+|burst\d*|cover|mp|hdr))* (?![^\W_])""",
    re.IGNORECASE | re.VERBOSE,
)
"""The names of files that cameras and telephones count, such as IMG_1234, DSC0001 or PXL_20230714_093000123.MP."""

_MEANINGLESS = re.compile(
    r"""(?!(?:19|20)\d\d$) \d+           # a number that is no year
    | \d{3}(?:apple|canon|nikon|nd\w*|_?panas?|msdcf|olymp|fuji|gopro|media)  # a camera's folder
    | dcim
    | (?=.*\d[a-z]+\d|.*[a-z]\d+[a-z]) [\da-z]{8,}  # a hash""",
    re.IGNORECASE | re.VERBOSE,
)

Metadata = dict[str, str | list[str]]


def metadata_of(file: PhotoFile) -> Metadata:
    """Return the keys of a photo; one that does not apply to it is left out."""
    exif = read_exif(file.image.path)
    date = (exif.taken or _changed(file)).isoformat(timespec="seconds")
    found: Metadata = {
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
    """Return the words of a file's name and of its folders, without the name's ending: `2023/My-dog.jpg` → three.

    Names that cameras and telephones give are left out, and numbers that are no year.
    """
    named = re.sub(_CAMERA, " ", str(PurePosixPath(id).with_suffix("")))
    return [word for word in re.findall(r"[^\W_]+", named) if not re.fullmatch(_MEANINGLESS, word)]


def folders_of(id: str) -> list[str]:
    """Return the folder of a file and those above it, the widest first; none for a file at the top."""
    return [str(folder) for folder in reversed(PurePosixPath(id).parents[:-1])]


def _changed(file: PhotoFile) -> datetime:
    try:
        return datetime.fromtimestamp(file.modified // 10**9)
    except (ValueError, OverflowError, OSError):  # a broken file system gives years that there are not
        return datetime.fromtimestamp(0)
