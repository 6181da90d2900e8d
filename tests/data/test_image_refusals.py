"""Image files that are refused with a reason: unreadable, cut, too large, not regular files."""

import os
import socket
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from support.picture_files import WRITTEN, corners, heic, large_png, opened, picture, png, saved

from lexlip_lucene.data import images
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.data.images import MAX_PIXELS, UnreadableImage, open_image, open_listed, require_listed_header
from lexlip_lucene.errors import InputError


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
    monkeypatch.setattr(images, "readable_formats", lambda: images.FORMATS)
    with pytest.raises(UnreadableImage, match=r"pip install 'lexlip-lucene\[heic\]' reads HEIC"):
        opened(tmp_path, heic(picture()))


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
