"""The texts that somebody wrote into a photo: the names of its place, and its title, description and keywords.

They are read as IPTC, as XMP and as Exif keep them, whichever the photo has. Coordinates are no text, and nothing is
looked up for them. XMP is searched for its few properties and not parsed: an XML parser that is safe with files of
strangers would be another package.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import NamedTuple

from PIL import ExifTags, Image, IptcImagePlugin

_PLACES = {(2, 101): "Country", (2, 95): "State", (2, 90): "City", (2, 92): "Location"}
"""IPTC's record and number of each name, the widest first, and the end of the property that XMP has instead."""

_DESCRIPTIONS = ((2, 5), (2, 105), (2, 120), (2, 25))
"""IPTC's title, headline, description and keywords."""

_EXIF = (ExifTags.Base.ImageDescription, ExifTags.Base.XPTitle, ExifTags.Base.XPSubject, ExifTags.Base.XPKeywords)

_XMP_BYTES = 1 << 16
_XMP_PLACE = re.compile(r"(?<!/)(?:photoshop|Iptc4xmpCore):(Country|State|City|Location)(?:=\"([^\"]*)\"|>([^<]*)<)")
_XMP_DESCRIPTION = re.compile(r"<dc:(title|description|subject)>(.*?)</dc:\1>", re.DOTALL)
_XMP_ITEM = re.compile(r"<rdf:li[^>]*>([^<]*)<")

PLACE_CHARACTERS, DESCRIPTION_CHARACTERS = 200, 2_000


class PhotoTexts(NamedTuple):
    """The names of a place, the widest first, and what is said about the photo; () and "" if it has none."""

    places: tuple[str, ...] = ()
    description: str = ""


def texts_in(image: Image.Image, exif: Mapping[int, object]) -> PhotoTexts:
    """Return the texts in the header of an opened image, whose Exif tags are given; broken ones are left out."""
    try:
        iptc = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]  # what `Image.open` returned
    except Exception:  # Pillow meets broken metadata with many kinds of exception, and the pixels may be sound
        iptc = {}
    xmp = _text(image.info.get("xmp", b""))[:_XMP_BYTES]
    in_xmp = {name: attribute or element for name, attribute, element in _XMP_PLACE.findall(xmp)}
    places = [*(text for key in _PLACES for text in _values(iptc.get(key))), *map(in_xmp.get, _PLACES.values())]
    said = [text for key in _DESCRIPTIONS for text in _values(iptc.get(key))]
    said += [item for _, items in _XMP_DESCRIPTION.findall(xmp) for item in _XMP_ITEM.findall(items)]
    said += [_exif_text(exif.get(tag)) for tag in _EXIF]
    return PhotoTexts(
        tuple(name[:PLACE_CHARACTERS] for name in _distinct(places)),
        " ".join(_distinct(said))[:DESCRIPTION_CHARACTERS],
    )


def _values(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        yield _text(each)


def _text(value: object) -> str:
    """Decode bytes as UTF-8, which is written today, or as Latin-1, which many wrote without saying so."""
    if not isinstance(value, bytes):
        return value if isinstance(value, str) else ""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _exif_text(value: object) -> str:
    """Decode an Exif text: the tags of Windows are UTF-16 in bytes."""
    return value.decode("utf-16-le", "ignore") if isinstance(value, bytes) else _text(value)


def _distinct(texts: Iterable[str | None]) -> list[str]:
    """Return texts on one line each, without empty ones and without those that came before in other letters."""
    found: dict[str, str] = {}
    for text in texts:
        line = " ".join(unescape(text or "").replace("\0", " ").split())
        if line:
            found.setdefault(line.casefold(), line)
    return list(found.values())
