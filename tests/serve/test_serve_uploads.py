"""Hostile pictures: each is refused with a reason, in bounded time and memory, and the server keeps running."""

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image
from starlette.testclient import TestClient
from support import served
from support.picture_files import corners, heic, picture
from support.served import running

from lexlip_lucene.data import images
from lexlip_lucene.data.images import TooManyPixels, UnreadableImage
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.uploads import MOST_SCANS, read_upload

LIMITS = Limits(seconds=20)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = served.make(tmp_path_factory.mktemp("served"))
    with running(create_app(place.opened(LIMITS))) as address:
        yield address


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    place = served.make(tmp_path_factory.mktemp("served"))
    with TestClient(create_app(place.opened(LIMITS)), base_url="http://127.0.0.1") as client:
        yield client


def saved(kind: str, size: tuple[int, int] = (40, 30), **how: object) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, kind, **how)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *rest: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + b"".join(rest)


def deflated(zeros: int) -> bytes:
    packed = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packed.compress(block) for _ in range(zeros >> 20)) + packed.flush()


def many_scans() -> bytes:
    """Make a JPEG of 20 megapixels that repeats its scan over and over: hours of decoding from few bytes."""
    jpeg = saved("JPEG", (64, 64), progressive=True)
    size = jpeg.index(b"\xff\xc2") + 5
    jpeg = jpeg[:size] + struct.pack(">HH", 4000, 5000) + jpeg[size + 4 :]
    scan = jpeg.rindex(b"\xff\xda")
    return jpeg[:scan] + 100_000 * jpeg[scan : scan + 12] + jpeg[scan:]


HOSTILE: dict[str, tuple[int, Callable[[], bytes]]] = {
    "zero bytes": (415, lambda: b""),
    "one byte": (415, lambda: b"\xff"),
    "text": (415, lambda: b"a red circle" * 100),
    "SVG": (415, lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "XML that grows": (415, lambda: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><svg>&a;</svg>'),
    "PDF": (415, lambda: b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj"),
    "EPS, which runs a program": (415, lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) show"),
    "TIFF": (200, lambda: saved("TIFF")),
    "BMP": (200, lambda: saved("BMP")),
    "ICO": (415, lambda: saved("ICO")),
    "ZIP": (415, lambda: b"PK\x03\x04" + bytes(100)),
    "signature alone": (415, lambda: b"\x89PNG\r\n\x1a\n"),
    "PNG of 65,535 × 65,535": (
        413,
        lambda: png(65_535, 65_535, chunk(b"IDAT", deflated(10 << 20)), chunk(b"IEND", b"")),
    ),
    "PNG of 2³¹ × 1": (413, lambda: png(2**31 - 1, 1, chunk(b"IDAT", b""), chunk(b"IEND", b""))),
    "PNG of 0 × 0": (415, lambda: png(0, 0, chunk(b"IDAT", deflated(0)), chunk(b"IEND", b""))),
    "PNG just above the pixels": (413, lambda: png(5001, 5000, chunk(b"IDAT", b""), chunk(b"IEND", b""))),
    "PNG whose data is a bomb": (200, lambda: png(20, 20, chunk(b"IDAT", deflated(200 << 20)), chunk(b"IEND", b""))),
    "PNG whose text is a bomb": (
        415,
        lambda: png(20, 20, chunk(b"zTXt", b"k\0\0" + deflated(100 << 20)), chunk(b"IDAT", b""), chunk(b"IEND", b"")),
    ),
    "PNG with a wrong checksum": (415, lambda: saved("PNG")[:-20] + bytes(20)),
    "GIF of 65,535 × 65,535": (413, lambda: b"GIF89a" + b"\xff" * 4 + b"\0\0\0," + bytes(4) + b"\xff" * 4 + b"\0\2\0;"),
    "JPEG of a million scans": (415, many_scans),
    "JPEG of 65,500 × 65,500": (413, lambda: wide_jpeg(65_500, 65_500)),
    **{f"truncated {kind}": (415, lambda kind=kind: saved(kind)[:-30]) for kind in ("JPEG", "PNG", "WEBP")},
    **{f"half of a {kind}": (415, lambda kind=kind: saved(kind)[:60]) for kind in ("JPEG", "PNG", "WEBP", "GIF")},
}
"""Kind of file → the status of its answer, and its bytes."""


def wide_jpeg(width: int, height: int) -> bytes:
    jpeg = saved("JPEG")
    size = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:size] + struct.pack(">HH", height, width) + jpeg[size + 4 :]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_refused_and_the_next_one_is_encoded(name: str, client: TestClient) -> None:
    status, content = HOSTILE[name]
    sent = content()
    assert len(sent) <= LIMITS.upload_bytes
    answer = client.post("/api/encode", files={"image": ("x.png", sent, "image/png")})
    assert answer.status_code == status, answer.text
    assert status == 200 or list(answer.json()) == ["error"]
    assert client.post("/api/encode", files={"image": ("x.png", saved("PNG"), "image/png")}).status_code == 200


def test_a_polyglot_is_no_more_than_its_picture(client: TestClient) -> None:
    both = saved("GIF") + b"<script>alert(1)</script><?php system('id'); ?>"
    answer = client.post("/api/encode", files={"image": ("../../x.php", both, "text/html")})
    assert answer.status_code == 200 and "script" not in answer.text


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_kind_that_is_said_to_be_taken_is_taken_whatever_it_is_called(kind: str, client: TestClient) -> None:
    answer = client.post("/api/encode", files={"image": ("x.exe", saved(kind), "application/octet-stream")})
    assert answer.status_code == 200 and answer.json()["weights"]


def test_a_picture_of_the_most_bytes_or_one_more(client: TestClient) -> None:
    picture = saved("PNG")
    fits = picture + bytes(LIMITS.upload_bytes - len(picture))
    assert client.post("/api/encode", files={"image": fits}).status_code == 200
    assert client.post("/api/encode", files={"image": fits + bytes(20_000)}).status_code == 413


FORM = "multipart/form-data; boundary=b"
FILE = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
END = b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", FORM),
        (b"", "multipart/form-data"),
        (b"--b\r\n\r\n--b--", FORM),
        (FILE % (b"image", b"") + b"text" + END, FORM),
        (FILE % (b"other", b'; filename="x"') + END, FORM),
        (2000 * (FILE % (b"f", b'; filename="x"') + b"\r\n") + END, FORM),
        (b"image=x", "application/x-www-form-urlencoded"),
        (b'{"image": "x"}', "application/json"),
        (b"\xff\xfe\x00", "image/png"),
    ],
)
def test_a_body_that_is_not_a_picture_form_is_4xx(sent: bytes, kind: str, client: TestClient) -> None:
    answer = client.post("/api/encode", content=sent, headers={"Content-Type": kind})
    assert answer.status_code in (400, 422) and list(answer.json()) == ["error"]


def test_pixels_are_counted_before_any_is_decoded() -> None:
    with pytest.raises(TooManyPixels, match="too large: 100 × 100 pixels, at most 9999 are decoded"):
        read_upload(png(100, 100, chunk(b"IDAT", b"")), pixels=9_999)  # which has no pixel to decode
    assert read_upload(saved("PNG", (99, 101)), pixels=9_999).size == (99, 101)


def test_a_progressive_jpeg_of_a_camera_is_read() -> None:
    jpeg = saved("JPEG", (200, 100), progressive=True)
    assert 1 < jpeg.count(b"\xff\xda") <= MOST_SCANS
    assert read_upload(jpeg, pixels=20_000).size == (200, 100)
    with pytest.raises(UnreadableImage, match="at most 64 scans"):
        read_upload(many_scans(), pixels=25_000_000)


def connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def head(address: str, *lines: str) -> bytes:
    first = ["POST /api/encode HTTP/1.1", f"Host: {address.removeprefix('http://')}"]
    return "\r\n".join([*first, "Content-Type: multipart/form-data; boundary=b", *lines, "", ""]).encode()


def test_an_endless_body_is_cut_off(address: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    block = b"%x\r\n" % (1 << 16) + bytes(1 << 16) + b"\r\n"
    with connected(address) as client:
        client.sendall(head(address, "Transfer-Encoding: chunked") + b"%x\r\n" % len(part) + part + b"\r\n")
        sent = 0
        with suppress(ConnectionError):
            while sent < 2 * LIMITS.upload_bytes:
                client.sendall(block)
                sent += 1 << 16
        answer = b""
        with suppress(ConnectionError):
            answer = client.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 413") or sent < 2 * LIMITS.upload_bytes


def test_a_body_that_never_comes_is_given_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = served.make(tmp_path_factory.mktemp("slow"))
    with running(create_app(place.opened(Limits(seconds=0.3)))) as address, connected(address) as client:
        client.sendall(head(address, "Content-Length: 1000") + b"--b\r\n")
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert answer.startswith(b"HTTP/1.1 408 ") and b"the body must arrive within 0.3 s" in answer


def test_a_jpeg_of_108_megapixels_is_encoded(client: TestClient) -> None:
    sent = wide_grey(12_000, 9_000)
    assert len(sent) < LIMITS.upload_bytes
    answer = client.post("/api/encode", files={"image": sent})
    assert answer.status_code == 200, answer.text
    assert read_upload(sent, pixels=25_000_000).size == (3_000, 2_250)


def test_a_jpeg_that_is_too_large_names_the_setting_that_allows_it(client: TestClient) -> None:
    answer = client.post("/api/encode", files={"image": wide_jpeg(12_000, 12_000)})
    assert answer.status_code == 413
    assert answer.json()["error"].endswith("at most 125000000 are decoded; lexlip serve --upload-pixels N allows more")


def test_a_progressive_jpeg_has_the_bound_of_other_formats() -> None:
    jpeg = saved("JPEG", (200, 100), progressive=True)
    with pytest.raises(TooManyPixels, match="--upload-pixels"):
        read_upload(jpeg, pixels=19_999)
    assert read_upload(saved("JPEG", (200, 100)), pixels=19_999).size == (50, 25)


@pytest.mark.parametrize("kind", ["PNG", "HEIC"])
def test_a_large_picture_of_another_format_names_the_setting_that_allows_it(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = served.make(tmp_path_factory.mktemp("served"))
    content = heic(picture(24, 16)) if kind == "HEIC" else saved("PNG", (24, 16))
    for pixels, status in ((383, 413), (384, 200)):
        opened = place.opened(Limits(seconds=20, upload_pixels=pixels))
        with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
            answer = client.post("/api/pictures", files={"image": content})
            assert answer.status_code == status, answer.text
            assert status == 200 or "lexlip serve --upload-pixels N allows more" in answer.json()["error"]


def test_a_heic_upload_is_searched_by_and_shown_as_a_jpeg(client: TestClient) -> None:
    sent = heic(picture(48, 32))
    answer = client.post("/api/pictures", files={"image": ("IMG_0001.HEIC", sent, "image/heic")})
    assert answer.status_code == 200, answer.text
    small = client.get(f"/pictures/{answer.json()['picture']}")
    assert small.headers["content-type"] == "image/jpeg"
    shown = Image.open(BytesIO(small.content))
    assert (shown.size, corners(shown)) == ((48, 32), ["red", "lime", "blue", "white"])


def test_a_heic_upload_says_what_to_install_where_nothing_reads_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "readable_formats", lambda: images.FORMATS)
    answer = client.post("/api/pictures", files={"image": ("IMG_0001.HEIC", heic(picture()), "image/heic")})
    assert answer.status_code == 415
    assert answer.json()["error"].endswith("pip install 'lexlip-lucene[heic]' reads HEIC")


def test_a_file_that_is_too_large_names_the_setting_that_allows_it(client: TestClient) -> None:
    answer = client.post("/api/encode", files={"image": bytes(LIMITS.upload_bytes + 20_000)})
    assert answer.status_code == 413 and "--upload-megabytes" in answer.json()["error"]


def wide_grey(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("L", (width, height), 128).save(file, "JPEG")
    return file.getvalue()
