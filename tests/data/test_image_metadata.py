"""Metadata of image files: the orientation is applied, and nothing else may cost a file its pixels."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from support.picture_files import (
    ORIENTATION,
    WRITTEN,
    chunk,
    corners,
    opened,
    picture,
    saved,
)

from lexlip_lucene.data.pixel_data import without_metadata


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied_as_pillow_does_it(tmp_path: Path, orientation: int, format: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = saved(picture(), format, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    image = opened(tmp_path, content)
    assert image.size == upright.size
    assert image.tobytes() == upright.convert("RGB").tobytes()


def test_photo_of_a_camera_held_upright_is_turned_right(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # row 0 of the file is the right side of the scene
    image = opened(tmp_path, saved(picture(), "PNG", exif=exif))
    assert image.size == (16, 24)
    assert corners(image) == ["blue", "red", "white", "lime"]


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40]
)
def test_broken_exif_leaves_the_picture_as_it_is_and_says_nothing(tmp_path: Path, exif: bytes) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        image = opened(tmp_path, saved(picture(), "JPEG", exif=exif))
    assert corners(image) == ["red", "lime", "blue", "white"]
    assert not said


BIG = zlib.compress(bytes(2_000_000))
EXIF_6 = Image.Exif()
EXIF_6[ORIENTATION] = 6
TURNED = ["blue", "red", "white", "lime"]


def with_chunks(content: bytes, *chunks: bytes) -> bytes:
    """Return the PNG with these chunks behind its header."""
    return content[:33] + b"".join(chunks) + content[33:]


def with_segment(content: bytes, marker: int, data: bytes) -> bytes:
    """Return the JPEG with this segment behind its first marker."""
    return content[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + content[2:]


def broken_sum(whole: bytes) -> bytes:
    return whole[:-1] + bytes([whole[-1] ^ 1])


METADATA: dict[str, Callable[[bytes], bytes]] = {
    "large compressed text": lambda content: with_chunks(content, chunk(b"zTXt", b"workflow\0\0" + BIG)),
    "large international text": lambda content: with_chunks(content, chunk(b"iTXt", b"log\0\1\0\0\0" + BIG)),
    "a hundred texts": lambda content: with_chunks(
        content, *[chunk(b"zTXt", b"k%d\0\0" % n + BIG) for n in range(100)]
    ),
    "a text that is no zlib": lambda content: with_chunks(content, chunk(b"zTXt", b"k\0\0junk")),
    "a text with a wrong sum": lambda content: with_chunks(content, broken_sum(chunk(b"tEXt", b"k\0v"))),
    "a large profile": lambda content: with_chunks(content, chunk(b"iCCP", b"icc\0\0" + BIG)),
    "a broken profile": lambda content: with_chunks(content, chunk(b"iCCP", b"icc\0\7")),
    "broken resolution": lambda content: with_chunks(content, chunk(b"pHYs", b"\0")),
    "a large text behind the pixels": lambda content: content[:-12] + chunk(b"zTXt", b"k\0\0" + BIG) + content[-12:],
}


@pytest.mark.parametrize("kind", METADATA)
@pytest.mark.parametrize("exif", [None, EXIF_6])
def test_metadata_of_a_png_never_costs_it_its_pixels(tmp_path: Path, kind: str, exif: Image.Exif | None) -> None:
    plain = saved(picture(), "PNG", **({} if exif is None else {"exif": exif}))
    image = opened(tmp_path, METADATA[kind](plain))
    assert image.tobytes() == opened(tmp_path, plain).tobytes()
    assert corners(image) == (["red", "lime", "blue", "white"] if exif is None else TURNED)


@pytest.mark.parametrize(
    ("marker", "data"),
    [
        (0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x" + b"<" * 60_000),
        (0xE2, b"ICC_PROFILE\0\1\2" + bytes(60_000)),
        (0xE2, b"MPF\0II*\0\xff\xff\xff\x7f"),
        (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
        (0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\1a"),
        (0xFE, bytes(65_000)),
        (0xEB, b""),
        (0xE0, b"JFIF\0"),
        (0xEE, b"Adobe"),
    ],
)
def test_metadata_of_a_jpeg_never_costs_it_its_pixels(tmp_path: Path, marker: int, data: bytes) -> None:
    plain = WRITTEN["jpeg"]()
    assert opened(tmp_path, with_segment(plain, marker, data)).tobytes() == opened(tmp_path, plain).tobytes()


def with_webp_chunk(content: bytes, kind: bytes, data: bytes, length: int | None = None) -> bytes:
    """Return the extended WebP with a chunk before its picture that claims `length` bytes."""
    header = struct.pack("<4sI", kind, len(data) if length is None else length)
    return content[:30] + header + data + b"\0" * (len(data) % 2) + content[30:]


@pytest.mark.parametrize("kind", [b"ICCP", b"EXIF", b"XMP "])
@pytest.mark.parametrize("length", [None, 0xFFFF, 2**32 - 2])
def test_metadata_of_a_webp_never_costs_it_its_pixels(tmp_path: Path, kind: bytes, length: int | None) -> None:
    upright = Image.Exif()
    upright[ORIENTATION] = 1
    plain = saved(picture(), "WEBP", lossless=True, exif=upright)  # which makes it an extended one
    assert plain[12:16] == b"VP8X"
    flagged = plain[:20] + bytes([plain[20] | 0x2C]) + plain[21:]
    image = opened(tmp_path, with_webp_chunk(flagged, kind, b"broken metadata", length))
    assert image.tobytes() == opened(tmp_path, plain).tobytes()


def test_a_webp_whose_length_is_wrong_is_read(tmp_path: Path) -> None:
    plain = WRITTEN["webp"]()
    assert opened(tmp_path, plain[:4] + b"\xff\xff\xff\x7f" + plain[8:]).tobytes() == opened(tmp_path, plain).tobytes()


def test_what_stays_of_a_file_without_its_metadata_is_the_same_picture(tmp_path: Path) -> None:
    for kind in [name for name in WRITTEN if any(part in name for part in ("png", "jpeg", "mpo", "webp"))]:
        content = WRITTEN[kind]()
        for less in without_metadata(content):
            assert opened(tmp_path, less).tobytes() == opened(tmp_path, content).tobytes(), kind
