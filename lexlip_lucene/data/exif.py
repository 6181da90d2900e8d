"""The metadata of a photo that people search by: when it was taken, with which camera, and what was written into it."""

import warnings
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags

from lexlip_lucene.data.images import LIMITS, SETTINGS_OF_THE_PROCESS, UnreadableImage, open_header, opened_picture
from lexlip_lucene.data.photo_texts import PhotoTexts, texts_in

_WRITTEN = "%Y:%m:%d %H:%M:%S"
"""A date and time as Exif writes it; it has no time zone."""


class PhotoExif(NamedTuple):
    """The date, the camera and the texts of a photo; None and "" if its metadata lack them."""

    taken: datetime | None = None
    camera: str = ""
    texts: PhotoTexts = PhotoTexts()


def read_exif(path: Path) -> PhotoExif:
    """Read the metadata in the header of an image file; what is missing or broken is left out."""
    try:
        with opened_picture(path) as file, open_header(file, LIMITS) as image:
            with SETTINGS_OF_THE_PROCESS, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exif = image.getexif()
                more = exif.get_ifd(ExifTags.IFD.Exif)
            tags = {**exif, **more}
            texts = texts_in(image, tags)
    except UnreadableImage:
        return PhotoExif()
    except Exception:  # Pillow meets broken metadata with many kinds of exception, and the pixels may be sound
        return PhotoExif()
    original = tags.get(ExifTags.Base.DateTimeOriginal)
    return PhotoExif(
        _date(original) or _date(tags.get(ExifTags.Base.DateTime)),
        _camera(_text(tags.get(ExifTags.Base.Make)), _text(tags.get(ExifTags.Base.Model))),
        texts,
    )


def _date(value: object) -> datetime | None:
    try:
        return datetime.strptime(_text(value)[:19], _WRITTEN)
    except ValueError:
        return None


def _camera(make: str, model: str) -> str:
    """Return the camera once: the model of many begins with the make's name."""
    return model if model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()


def _text(value: object) -> str:
    return " ".join(str(value).replace("\0", " ").split()) if isinstance(value, str) else ""
