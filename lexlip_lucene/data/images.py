"""One image file becomes one upright RGB picture of 8 bits a channel, or a reason why it can't be read.

A file is known by its content, whatever its name ends in. Read are JPEG (of an MPO the main picture), PNG, WebP, GIF,
TIFF, BMP, AVIF and, where pillow-heif is installed, HEIC, of each the first picture; no other format is parsed.
Transparency is laid on white, the EXIF orientation is applied, and 16-bit grey keeps its high byte: 40000 becomes 156,
where Pillow's own conversion would clip it to 255. Embedded colour profiles are not applied. Metadata that is broken or
too large costs a picture nothing: it is read once more without.
"""

import stat
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_limits import LIMITS, MAX_PIXELS, ImageLimits
from lexlip_lucene.data.pixel_data import without_metadata
from lexlip_lucene.errors import InputError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")

CUT_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "BMP")
"""Of these a file that was cut still shows what came before; of the others nothing does."""

REDUCED_TO = 1.75
"""Times the side that is needed: so large a JPEG still is when it is decoded at less than its size, so that the resize,
which smooths, has the last word."""

NEEDS_HEIC = "pip install 'lexlip-lucene[heic]' reads HEIC"
"""The end of the reason against a HEIC file where pillow-heif is not installed."""

__all__ = ["LIMITS", "MAX_PIXELS", "ImageLimits", "TooManyPixels", "UnreadableImage", "open_image", "read_image"]

_NAMES = "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"


UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation → what turns the picture upright (CIPA DC-008, tag 0x0112; 1 is upright already)."""

_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
"""Tags of TIFF 6.0, and a value of the second."""

SETTINGS_OF_THE_PROCESS = threading.RLock()
"""Held while warnings' filters or Pillow's settings are other ones: they are of the whole process."""


class UnreadableImage(InputError):
    """An image file can't be read. The text is only the reason: the caller knows the file's path."""


class TooManyPixels(UnreadableImage):
    """An image is larger than what is decoded."""


def open_listed(image: CaptionedImage | Path, limits: ImageLimits = LIMITS, *, side: int | None = None) -> Image.Image:
    """Read an image that was listed, unless its reader refused it; otherwise as `open_image`."""
    if isinstance(image, Path):
        return open_image(image, limits, side=side)
    if image.refused:
        raise UnreadableImage(image.refused)
    if image.content is not None:
        return read_image(BytesIO(image.content()), limits, side=side)
    return open_image(image.path, limits, side=side)


def open_image(path: Path, limits: ImageLimits = LIMITS, *, side: int | None = None) -> Image.Image:
    """Read an image file, whole and upright. Safe to call from several threads.

    Args:
        path: the file.
        limits: which pictures are read.
        side: the height and width that the picture will be resized to; a JPEG that is much larger is then decoded at
            1/2, 1/4 or 1/8 of its size, which is several times as fast. None: at its full size.

    Returns:
        A picture in mode RGB, at its full size, or at least REDUCED_TO times `side` high and wide.

    Raises:
        UnreadableImage: missing, empty, a folder, a pipe or device (which is not opened), of another format, broken,
            truncated, or larger than the limits allow.
    """
    with opened_picture(path) as file:
        return read_image(file, limits, side=side)


def require_listed_header(image: CaptionedImage) -> None:
    """Raise UnreadableImage where `open_listed` would without looking at more than the header."""
    if image.refused:
        raise UnreadableImage(image.refused)
    with opened_picture(image.path) as file, open_header(file, LIMITS):
        pass


def read_image(file: IO[bytes], limits: ImageLimits = LIMITS, *, side: int | None = None) -> Image.Image:
    """Read an image from an open file, as `open_image` does.

    Args:
        file: binary, at its beginning, and such that it can be read again from there.
        limits: the header says how large a picture is, before anything is decoded.
        side: as in `open_image`.

    Raises:
        UnreadableImage: empty, of another format, broken or truncated.
        TooManyPixels: larger than the limits allow.
    """
    try:
        return _read(file, limits, side=side)
    except TooManyPixels:
        raise
    except UnreadableImage as error:
        return _read_again(file, limits, error)


@contextmanager
def opened_picture(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read a picture from; errors, also those of the block, are UnreadableImage."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableImage("Is a directory")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for its writer
            raise UnreadableImage("a pipe, a socket or a device, and no file")
        with path.open("rb") as file:
            yield file
    except UnreadableImage:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UnreadableImage(getattr(error, "strerror", None) or _one_line(error)) from error


def _read_again(file: IO[bytes], limits: ImageLimits, error: UnreadableImage) -> Image.Image:
    """Read a file that failed with `error` without its metadata, and then, if allowed, the part that it has."""
    file.seek(0)
    content = file.read()
    less = list(without_metadata(content))
    image = _first_readable(less, limits)
    if image is None and limits.allow_truncated:
        with SETTINGS_OF_THE_PROCESS:
            before = ImageFile.LOAD_TRUNCATED_IMAGES
            try:
                ImageFile.LOAD_TRUNCATED_IMAGES = True
                image = _first_readable([content, *less], limits, CUT_FORMATS)
            finally:
                ImageFile.LOAD_TRUNCATED_IMAGES = before
    if image is None:
        raise error
    return image


def _first_readable(
    contents: Iterable[bytes], limits: ImageLimits, formats: tuple[str, ...] | None = None
) -> Image.Image | None:
    for content in contents:
        try:
            return _read(BytesIO(content), limits, formats)
        except UnreadableImage:
            continue
    return None


def _read(
    file: IO[bytes], limits: ImageLimits, formats: tuple[str, ...] | None = None, *, side: int | None = None
) -> Image.Image:
    try:
        image = open_header(file, limits, formats)
        if side is not None:
            least = ceil(REDUCED_TO * side)
            image.draft(None, (least, least))
        _load(image)
        turn = UPRIGHT.get(_orientation(image))
        rgb = _as_rgb(image)
        return rgb if turn is None else rgb.transpose(turn)
    except UnreadableImage:
        raise
    except Exception as error:  # Pillow meets broken bytes with many kinds (ValueError, KeyError, AssertionError, …)
        if isinstance(error, OSError) and error.strerror:
            raise UnreadableImage(error.strerror) from error
        raise UnreadableImage(f"broken image: {_one_line(error)}") from error


def _load(image: Image.Image) -> None:
    if image.format != "TIFF":
        image.load()
        return
    with SETTINGS_OF_THE_PROCESS, warnings.catch_warnings():  # it warns of tags when it loads, not when it opens
        warnings.simplefilter("ignore")
        image.load()


def open_header(file: IO[bytes], limits: ImageLimits, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Parse only the header; Pillow's warnings about metadata and size are kept quiet, and the limit is ours."""
    if not file.read(1):
        raise UnreadableImage("the file is empty")
    with SETTINGS_OF_THE_PROCESS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        largest = Image.MAX_IMAGE_PIXELS
        try:
            Image.MAX_IMAGE_PIXELS = None
            image = Image.open(file, formats=formats or readable_formats())
        except UnidentifiedImageError as error:
            raise UnreadableImage(f"not a {_NAMES} image, or its header is broken{_missing(file)}") from error
        except Exception as error:  # of many kinds, as where it is decoded
            raise UnreadableImage(f"broken image: {_one_line(error)}") from error
        finally:
            Image.MAX_IMAGE_PIXELS = largest
    width, height = image.size
    if width * height > limits.max_pixels:
        raise TooManyPixels(f"too large: {width} × {height} pixels, at most {limits.max_pixels} are decoded")
    return image


@cache
def readable_formats() -> tuple[str, ...]:
    """Return the formats that this machine reads, by Pillow's names: HEIC ("HEIF") needs pillow-heif."""
    try:
        import pillow_heif
    except ImportError:
        return FORMATS
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _missing(file: IO[bytes]) -> str:
    """Say what would read the file, if it is a HEIC image and pillow-heif is not installed."""
    file.seek(0)
    heic = file.read(12)[4:] in (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftypmif1", b"ftyphevc")
    return f": {NEEDS_HEIC}" if heic and "HEIF" not in readable_formats() else ""


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 (upright) where the metadata is absent or broken, since the pixels are sound."""
    with SETTINGS_OF_THE_PROCESS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return int(image.getexif().get(ExifTags.Base.Orientation, 1))
        except Exception:  # of many kinds, as where it is decoded
            return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise UnreadableImage("its pixels are floating-point numbers, of which nothing says what is white")
    if image.mode == "I":
        raise UnreadableImage("its pixels have more than 16 bits, of which nothing says what is white")
    if image.mode.startswith("I"):
        return _from_16_bit_grey(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _from_16_bit_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.uint16)
    tags = getattr(image, "tag_v2", {})  # of a TIFF, whose grey may have fewer bits, and may count from white
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    grey = (values >> max(bits - 8, 0)).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey).convert("RGB")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
