"""Texts that somebody wrote into a photo, in each of the ways in which programs do."""

import struct
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from lexlip_lucene.data.exif import read_exif
from lexlip_lucene.data.photo_texts import PLACE_CHARACTERS, PhotoTexts, texts_in

NAMES = {101: "Schweiz", 95: "Wallis", 90: "Zürich & Umgebung", 92: "Hörnli"}
"""IPTC's numbers of country, state, city and location."""


def iptc(values: list[tuple[int, bytes]]) -> bytes:
    """Write datasets of record 2 (IIM 4.2, section 1.5: 0x1C, record, number, length, bytes)."""
    return b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value for number, value in values)


def jpeg(path: Path, resource: bytes) -> Path:
    """Write a JPEG whose APP13 has the IPTC resource (0x0404)."""
    plain = BytesIO()
    Image.new("RGB", (8, 8)).save(plain, "JPEG")
    body = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(resource)) + resource + b"\0" * 2
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    path.write_bytes(plain.getvalue()[:2] + segment + plain.getvalue()[2:])
    return path


def xmp(**places: str) -> str:
    """Write an XMP packet: the city as an attribute, the other places as elements, and keywords."""
    city = quoteattr(places.pop("City", ""), {'"': "&quot;"})
    elements = "".join(
        f"<{'Iptc4xmpCore' if name == 'Location' else 'photoshop'}:{name}>{escape(text)}"
        f"</{'Iptc4xmpCore' if name == 'Location' else 'photoshop'}:{name}>"
        for name, text in places.items()
    )
    return (
        f"<x:xmpmeta><rdf:RDF><rdf:Description photoshop:City={city}>{elements}"
        "<dc:subject><rdf:Bag><rdf:li>hut</rdf:li><rdf:li>snow</rdf:li></rdf:Bag></dc:subject>"
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">The hut</rdf:li></rdf:Alt></dc:title>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_iptc_gives_places_from_the_widest_on_and_descriptions(encoding: str, tmp_path: Path) -> None:
    said = [(120, b"Before the\r\nascent"), (5, b"The hut"), (25, b"snow"), (25, b"hut")]
    names = [(number, name.encode(encoding)) for number, name in sorted(NAMES.items())]
    found = read_exif(jpeg(tmp_path / "a.jpg", iptc(names + said))).texts
    assert found.places == ("Schweiz", "Wallis", "Zürich & Umgebung", "Hörnli")
    assert found.description == "The hut Before the ascent snow hut"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_gives_them_in_every_format(kind: str, tmp_path: Path) -> None:
    packet = xmp(City='Zürich & "Umgebung"', Country="Schweiz", Location="Hörnli").encode()
    path = tmp_path / "image"
    options: dict[str, object] = {"xmp": packet}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())  # type: ignore[attr-defined]
    if kind == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[700] = packet
        options = {"tiffinfo": tags}
    Image.new("RGB", (8, 8)).save(path, kind, **options)
    found = read_exif(path).texts
    assert found.places == ("Schweiz", 'Zürich & "Umgebung"', "Hörnli")
    assert found.description == "hut snow The hut"


def test_exif_gives_descriptions_and_what_windows_writes(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.ImageDescription] = "  The hut\0"
    tags[ExifTags.Base.XPKeywords] = "snow; Hütte".encode("utf-16-le") + b"\0\0"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=tags)
    assert read_exif(tmp_path / "a.jpg").texts == PhotoTexts((), "The hut snow; Hütte")


def test_a_text_is_there_once_and_a_long_place_is_cut(tmp_path: Path) -> None:
    found = read_exif(jpeg(tmp_path / "a.jpg", iptc([(90, b"ZERMATT"), (92, b"Zermatt"), (101, b"x" * 999)]))).texts
    assert found.places == ("x" * PLACE_CHARACTERS, "ZERMATT")


def test_a_photo_without_texts_has_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    assert read_exif(tmp_path / "a.jpg").texts == PhotoTexts()


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_broken_texts_cost_nothing_else(resource: bytes, packet: bytes) -> None:
    image = Image.new("RGB", (8, 8))
    file = BytesIO()
    image.save(file, "JPEG")
    with Image.open(file) as read:
        read.info["photoshop"] = {0x0404: b"\x1c\x02" + resource}
        read.info["xmp"] = b"<dc:title>" + packet
        found = texts_in(read, {ExifTags.Base.XPTitle: packet, ExifTags.Base.ImageDescription: 7})
    assert all(place.strip() for place in found.places)
