import io
import struct
import threading
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lexlip_lucene.data.images import MAX_PIXELS, UnreadableImage, open_image

ORIENTATION = 0x0112


def picture(width: int = 24, height: int = 16) -> Image.Image:
    """Four blocks: red, green above blue, white."""
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
    """The nearest of a few colours, at the four corners: top left, top right, bottom left, bottom right."""
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


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff", saved(picture(), "TIFF"), saved(picture(), "BMP")])
def test_other_content_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableImage, match="not a JPEG, PNG, WebP or GIF"):
        opened(tmp_path, content)


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


def test_many_threads_read_many_images_and_leave_the_warning_filters_alone(tmp_path: Path) -> None:
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
