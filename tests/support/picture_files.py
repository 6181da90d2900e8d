"""Image files made by hand: one picture of four blocks in every format, and PNGs from raw rows."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from lexlip_lucene.data.images import open_image

ORIENTATION = 0x0112
"""The Exif tag of the orientation."""


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


def large_png(width: int, height: int) -> bytes:
    """Return the PNG of a black picture of one bit a pixel."""
    return png(width, height, bytes(height * (1 + width // 8)), bits=1)
