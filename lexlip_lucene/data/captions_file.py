"""The captions file (`.jsonl`): one image a line.

    {"id": "1000268201", "file": "images/1000268201.jpg", "split": "train", "captions": ["A child in a …", …]}

`file` is relative to the folder that holds the captions file, and lies in it (`outside.py`). Other keys are allowed,
and go with the image into its collection.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.outside import Inside
from lexlip_lucene.files.lines import list_at, read_json_lines, text_at

KEYS = ("id", "file", "split", "captions")
"""The keys that every line has."""


def read_captions_file(path: Path, *, outside: bool = False) -> list[CaptionedImage]:
    """Read every line, in order; an image whose file lies elsewhere is refused unless `outside` is on.

    Raises:
        InputError: no such file, a broken line, a missing key or a value of the wrong type (file:line).
    """
    folder = path.parent.absolute()
    inside = Inside(folder, outside=outside)
    images = []
    for where, record in read_json_lines(path, "captions file"):
        image = captioned_image(record, where)
        images.append(replace(image, path=folder / image.path, refused=inside.refused(image.path)))
    return images


def captioned_image(record: dict[str, Any], where: str) -> CaptionedImage:
    """Return the image of a line, with its path as the line has it; errors as in `read_captions_file`."""
    return CaptionedImage(
        id=text_at(record, "id", where),
        path=Path(text_at(record, "file", where)),
        split=text_at(record, "split", where),
        captions=tuple(list_at(record, "captions", where, of=str)),
        where=where,
        keys={key: value for key, value in record.items() if key not in KEYS},
    )
