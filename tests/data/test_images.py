import io
import os
import socket
import struct
import threading
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from lexlip_lucene.data import images
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.data.images import MAX_PIXELS, UnreadableImage, open_image, open_listed, require_listed_header
from lexlip_lucene.data.pixel_data import without_metadata
from lexlip_lucene.errors import InputError

ORIENTATION = 0x0112


def picture(width: int = 24, height: int = 16) -> Image.Image:
    """Return four blocks: red, green above blue, white."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("lime", (width // 2, 0, width, height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    image.paste("white", (width // 2, height // 2, width, height))
    return image


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(tmp_path: Path, content: bytes) -> Image.Image:
    path = tmp_path / "image"
    path.write_bytes(content)
    image = open_image(path)
    assert image.mode == "RGB"
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = np.asarray(image)[y, x].tolist()
    return red, green, blue


def corners(image: Image.Image) -> list[str]:
    """Return the nearest of a few colours at the corners: top left, top right, bottom left, bottom right."""
    names = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "black": (0, 0, 0)}
    width, height = image.size
    found = []
    for place in [(1, 1), (width - 2, 1), (1, height - 2), (width - 2, height - 2)]:
        red, green, blue = pixel(image, *place)
        distance = {name: abs(r - red) + abs(g - green) + abs(b - blue) for name, (r, g, b) in names.items()}
        found.append(min(distance, key=lambda name: distance[name]))
    return found


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, *extra: bytes, bits: int = 8, colour: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def heic(image: Image.Image) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=-1)
    return file.getvalue()


WRITTEN: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(picture(), "JPEG", quality=95, subsampling=0),
    "progressive jpeg": lambda: saved(picture(), "JPEG", quality=95, subsampling=0, progressive=True),
    "cmyk jpeg": lambda: saved(picture().convert("CMYK"), "JPEG", quality=95, subsampling=0),
    "mpo": lambda: saved(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (24, 16))], quality=95),
    "png": lambda: saved(picture(), "PNG"),
    "palette png": lambda: saved(picture().quantize(4), "PNG"),
    "rgba png": lambda: saved(picture().convert("RGBA"), "PNG"),
    "webp": lambda: saved(picture(), "WEBP", lossless=True),
    "rgba webp": lambda: saved(picture().convert("RGBA"), "WEBP", lossless=True),
    "animated webp": lambda: saved(
        picture(), "WEBP", save_all=True, append_images=[Image.new("RGB", (24, 16))], lossless=True
    ),
    "gif": lambda: saved(picture(), "GIF"),
    "tiff": lambda: saved(picture(), "TIFF"),
    "compressed tiff": lambda: saved(picture(), "TIFF", compression="tiff_lzw"),
    "pages of tiff, animated": lambda: saved(
        picture(), "TIFF", save_all=True, append_images=[Image.new("RGB", (24, 16))]
    ),
    "cmyk tiff": lambda: saved(picture().convert("CMYK"), "TIFF"),
    "rgba tiff": lambda: saved(picture().convert("RGBA"), "TIFF"),
    "bmp": lambda: saved(picture(), "BMP"),
    "palette bmp": lambda: saved(picture().quantize(4), "BMP"),
    "avif": lambda: saved(picture(), "AVIF", quality=100, subsampling="4:4:4"),
    "heic": lambda: heic(picture()),
    "animated gif": lambda: saved(picture(), "GIF", save_all=True, append_images=[Image.new("RGB", (24, 16))]),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_format_gives_the_picture_that_was_written(tmp_path: Path, kind: str) -> None:
    image = opened(tmp_path, WRITTEN[kind]())
    assert image.size == (24, 16)
    assert corners(image) == ["red", "lime", "blue", "white"]


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


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 40000, 65535]], dtype=np.uint16)
    image = opened(tmp_path, saved(Image.fromarray(values), "PNG"))
    # 255 >> 8 = 0, 256 >> 8 = 1, 40000 >> 8 = 156
    assert np.asarray(image)[0].tolist() == [[v, v, v] for v in (0, 0, 1, 156, 255)]


def test_transparent_value_of_sixteen_bit_grey_becomes_white(tmp_path: Path) -> None:
    rows = b"\0" + struct.pack(">3H", 1000, 1001, 65535)
    image = opened(tmp_path, png(3, 1, rows, chunk(b"tRNS", struct.pack(">H", 1000)), bits=16))
    assert [pixel(image, x, 0) for x in range(3)] == [(255,) * 3, (3,) * 3, (255,) * 3]


def test_sixteen_bit_colour_keeps_its_high_bytes(tmp_path: Path) -> None:
    image = opened(tmp_path, png(1, 1, b"\0" + struct.pack(">3H", 0x1234, 0x5678, 0x9ABC), bits=16, colour=2))
    assert pixel(image, 0, 0) == (0x12, 0x56, 0x9A)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1"])
def test_transparent_pixels_become_white(tmp_path: Path, mode: str) -> None:
    if mode == "P":
        content = saved(Image.new("P", (4, 4), 0), "PNG", transparency=b"\0\xff")
    elif mode == "1":
        content = saved(Image.new("1", (4, 4), 0), "PNG", transparency=0)
    else:
        content = saved(Image.new(mode, (4, 4)), "PNG")
    assert pixel(opened(tmp_path, content), 2, 2) == (255, 255, 255)


def test_half_transparent_black_is_grey(tmp_path: Path) -> None:
    image = opened(tmp_path, saved(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG"))
    # 0 × 128/255 + 255 × 127/255 = 127
    assert pixel(image, 0, 0) == (127, 127, 127)


def test_black_and_white_image_keeps_both(tmp_path: Path) -> None:
    image = Image.new("1", (4, 4), 0)
    image.putpixel((3, 3), 1)
    assert corners(opened(tmp_path, saved(image.resize((8, 8)), "PNG"))) == ["black", "black", "black", "white"]


def test_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"^No such file or directory$"):
        open_image(tmp_path / "none.jpg")


def test_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="Is a directory"):
        open_image(tmp_path)


def test_name_that_no_file_can_have_is_unreadable() -> None:
    with pytest.raises(UnreadableImage, match="null"):
        open_image(Path("a\0b.jpg"))


def test_empty_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"^the file is empty$"):
        opened(tmp_path, b"")


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff", saved(picture(), "ICO"), b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_other_content_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableImage, match="not a JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC image"):
        opened(tmp_path, content)


def test_heic_without_what_reads_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_formats", lambda: images.FORMATS)
    with pytest.raises(UnreadableImage, match=r"pip install 'lexlip-lucene\[heic\]' reads HEIC"):
        opened(tmp_path, heic(picture()))


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


@pytest.mark.parametrize(
    ("bits", "value", "white_is_zero"), [(12, 0x0ABC, False), (16, 0xABCD, False), (16, 0xABCD, True)]
)
def test_grey_of_more_than_8_bits_in_a_tiff_is_scaled_and_turned_as_it_says(
    tmp_path: Path, bits: int, value: int, white_is_zero: bool
) -> None:
    packed = bytes([value >> 4 & 255, (value & 15) << 4 | value >> 8, value & 255]) if bits == 12 else b"\xcd\xab" * 2
    tags = [(256, 3, 2), (257, 3, 1), (258, 3, bits), (259, 3, 1), (262, 3, 0 if white_is_zero else 1), (273, 4, 8)]
    tags += [(277, 3, 1), (278, 3, 1), (279, 4, len(packed))]
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + (struct.pack("<HH", n, 0) if kind == 3 else struct.pack("<I", n))
        for tag, kind, n in tags
    )
    padded = packed + b"\0" * (len(packed) % 2)
    content = b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + struct.pack("<H", len(tags)) + entries + bytes(4)
    high = value >> (bits - 8)
    expected = 255 - high if white_is_zero else high
    assert pixel(opened(tmp_path, content), 0, 0) == (expected,) * 3


def test_what_stays_of_a_file_without_its_metadata_is_the_same_picture(tmp_path: Path) -> None:
    for kind in [name for name in WRITTEN if any(part in name for part in ("png", "jpeg", "mpo", "webp"))]:
        content = WRITTEN[kind]()
        for less in without_metadata(content):
            assert opened(tmp_path, less).tobytes() == opened(tmp_path, content).tobytes(), kind


def test_floating_point_and_wide_pixels_are_refused_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="floating-point numbers"):
        opened(tmp_path, saved(Image.new("F", (4, 4), 0.5), "TIFF"))
    with pytest.raises(UnreadableImage, match="more than 16 bits"):
        opened(tmp_path, saved(Image.new("I", (4, 4), 200), "TIFF"))


def test_larger_pictures_are_read_where_the_limit_says_so(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(saved(picture(), "PNG"))
    with pytest.raises(UnreadableImage, match="too large: 24 × 16 pixels, at most 383 are decoded"):
        open_image(path, ImageLimits(max_pixels=383))
    assert open_image(path, ImageLimits(max_pixels=384)).size == (24, 16)
    path.write_bytes(large_png(20_000, 9_500))
    before = Image.MAX_IMAGE_PIXELS
    assert open_image(path, ImageLimits(max_pixels=200_000_000)).size == (
        20_000,
        9_500,
    )  # Pillow raises from 178,956,970
    assert before == Image.MAX_IMAGE_PIXELS


def large_png(width: int, height: int) -> bytes:
    """Return the PNG of a black picture of one bit a pixel."""
    return png(width, height, bytes(height * (1 + width // 8)), bits=1)


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg", "png", "bmp", "tiff"])
def test_a_picture_that_was_cut_is_read_only_on_demand(tmp_path: Path, kind: str) -> None:
    whole = saved(picture(240, 160), {"progressive jpeg": "JPEG"}.get(kind, kind.upper()), **(
        {"progressive": True} if kind == "progressive jpeg" else {}))  # fmt: skip
    path = tmp_path / "image"
    path.write_bytes(whole[:-2] if "jpeg" in kind else whole[: len(whole) * 4 // 5])
    with pytest.raises(UnreadableImage):
        open_image(path)
    found = corners(open_image(path, ImageLimits(allow_truncated=True)))
    assert found[2:] == ["blue", "white"] if kind == "bmp" else found[:2] == ["red", "lime"]  # a BMP begins below
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    path.write_bytes(b"hello")
    with pytest.raises(UnreadableImage, match="not a JPEG"):
        open_image(path, ImageLimits(allow_truncated=True))


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InputError, match=r"--max-pixels must be at least 1 and below 2\^63, got 0"):
        ImageLimits(max_pixels=0).checked()


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_not_a_regular_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "image.jpg"
    with socket.socket(socket.AF_UNIX) as bound:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            bound.bind(str(path))
        else:
            path.symlink_to("/dev/zero")
        with pytest.raises(UnreadableImage, match="a pipe, a socket or a device, and no file"):
            open_image(path)
        listed = CaptionedImage("a", path, "", ())
        with pytest.raises(UnreadableImage, match="a pipe, a socket or a device"):
            require_listed_header(listed)


def test_an_image_that_its_reader_refused_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(saved(picture(), "PNG"))
    refused = CaptionedImage("a", tmp_path / "image.png", "", (), refused="not below here")
    for read in (open_listed, require_listed_header):
        with pytest.raises(UnreadableImage, match="not below here"):
            read(refused)


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if kind != "mpo" and "animated" not in kind])
def test_truncated_image_is_unreadable(tmp_path: Path, kind: str) -> None:
    content = WRITTEN[kind]()
    with pytest.raises(UnreadableImage):
        opened(tmp_path, content[: len(content) * 3 // 5])


def test_image_of_too_many_pixels_is_refused_before_decoding(tmp_path: Path) -> None:
    tracemalloc.start()
    with pytest.raises(UnreadableImage, match="too large: 10000 × 8948 pixels"):
        opened(tmp_path, png(10_000, 8_948, b"", colour=2))  # 89 480 000: just above the bound
    with pytest.raises(UnreadableImage, match="too large"):
        opened(tmp_path, png(100_000, 100_000, b"", colour=2))  # where Pillow raises an error of its own
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_bound_is_the_default_of_pillow() -> None:
    assert MAX_PIXELS == 256 * 1024 * 1024 // 3


def test_many_threads_read_many_images_and_change_no_warning_filter(tmp_path: Path) -> None:
    paths = []
    for number, make in enumerate(WRITTEN.values()):
        path = tmp_path / str(number)
        path.write_bytes(make())
        paths.append(path)
    before = list(warnings.filters)
    start = threading.Barrier(8)

    def read(_: int) -> list[list[str]]:
        start.wait()
        return [corners(open_image(path)) for path in paths * 5]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(read, range(8)):
            assert found == [["red", "lime", "blue", "white"]] * len(found)
    assert list(warnings.filters) == before


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(list(WRITTEN)))
def test_any_bytes_give_a_picture_or_a_reason(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    content = bytearray(WRITTEN[kind]())
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        content[place] = byte
    content = content[: data.draw(st.one_of(st.just(len(content)), places))]
    try:
        opened(tmp_path, bytes(content))
    except UnreadableImage as error:
        assert str(error)
        assert "\n" not in str(error)
