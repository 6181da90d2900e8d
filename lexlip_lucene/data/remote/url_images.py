"""Images at URLs, listed as those of this machine are: a captions file (`.jsonl`) of them, or all files below a folder.

An image's bytes are read when it is decoded. One that is missing is rejected then; where a store does not answer, the
run stops, since otherwise it would reject whatever it asks for meanwhile.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions_file import captioned_image
from lexlip_lucene.data.image_folder import ImageFolder
from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import json_object
from lexlip_lucene.files.location import Location


def images_at_url(source: Location) -> ImageFolder:
    """List the images of a captions file or a folder.

    Raises:
        InputError: nothing is there, or it is neither of them, or a line can't be read.
    """
    if source.name.lower().endswith(".jsonl"):
        return ImageFolder(_of_captions(source), 0)
    if source.is_folder():
        return _of_folder(source)
    if not source.exists():
        raise InputError(f"no such file or folder: {source}")
    raise InputError(
        f"{source}: at a URL are read a folder of images, a captions file (.jsonl), and shards (.tar, .parquet)"
    )


def _of_captions(source: Location) -> list[CaptionedImage]:
    images = []
    for number, line in enumerate(_lines(source), start=1):
        if line.strip():
            where = f"{source}:{number}"
            image = captioned_image(json_object(line, where, "captions file"), where)
            outside = image.path.is_absolute() or ".." in image.path.parts
            images.append(_at(source.parent, image, f"not below {source.parent}" if outside else ""))
    if not images:
        raise InputError(f"captions: no image in {source}")
    return images


def _lines(source: Location) -> list[str]:
    try:
        return source.read().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: a captions file must be UTF-8, but it has {error.reason}") from error


def _of_folder(source: Location) -> ImageFolder:
    names = source.files()
    shown = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    if not shown:
        raise InputError(f"image folder: no file below {source} that is not hidden")
    images = [_at(source, CaptionedImage(name, Path(name), "", ())) for name in shown]
    return ImageFolder(images, len(names) - len(shown))


def _at(folder: Location, image: CaptionedImage, refused: str = "") -> CaptionedImage:
    """Return the image with its file below `folder` as its content."""
    file = folder.child(image.path.as_posix())
    return replace(image, where=str(file), refused=refused, content=partial(_content, file))


def _content(file: Location) -> bytes:
    try:
        return file.read()
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise UnreadableImage("No such file or directory") from error
        raise
