"""Images of every format, read as RGB: colours, depths, transparency, many threads, damaged bytes."""

import struct
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.picture_files import WRITTEN, chunk, corners, opened, pixel, png, saved

from lexlip_lucene.data.images import UnreadableImage, open_image


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_format_gives_the_picture_that_was_written(tmp_path: Path, kind: str) -> None:
    image = opened(tmp_path, WRITTEN[kind]())
    assert image.size == (24, 16)
    assert corners(image) == ["red", "lime", "blue", "white"]


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
