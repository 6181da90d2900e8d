"""A plain folder of images, without captions: the id of an image is its path relative to the folder.

Every file below it is taken, in the order of the ids: whether it is an image shows when it is opened. Hidden files and
hidden folders are passed over and counted. A folder is entered once, however many links lead to it.
"""

import os
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.outside import Inside
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_folder

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif", ".heic")
"""Usual endings of the names of images."""


class ImageFolder(NamedTuple):
    """The files of a folder as images, and how many hidden files and folders are beside them."""

    images: list[CaptionedImage]
    hidden: int


def read_image_folder(folder: Path, *, outside: bool = False) -> list[CaptionedImage]:
    """List the files below `folder` as images; as `look_through` does."""
    return look_through(folder, outside=outside).images


def look_through(folder: Path, *, outside: bool = False) -> ImageFolder:
    """List the files below `folder` as images, and count what is hidden; ids use "/" on every system.

    Args:
        folder: the folder.
        outside: read what links lead to elsewhere; otherwise each is an image that is refused.

    Raises:
        InputError: no such folder, or one that can't be read, or no file in it.
    """
    inside = Inside(require_folder(folder, "image folder"), outside=outside)
    top = folder.absolute()
    found, hidden = _walk(folder, inside)
    if not found:
        raise InputError(f"image folder: no file below {folder} that is not hidden")
    names = {path.relative_to(folder).as_posix() for path in found}
    images = []
    for path, reason in sorted(found.items()):
        name = path.relative_to(folder).as_posix()
        id = _id_of(name, names)
        why = reason or inside.refused(name) or ("" if id == name else "its name is not UTF-8, so it can't be an id")
        images.append(CaptionedImage(id, top / name, "", (), where=f"{folder}/{id}", refused=why))
    return ImageFolder(sorted(images, key=lambda image: image.id), hidden)


def _id_of(name: str, names: set[str]) -> str:
    """Return `name`; one that is not UTF-8 as text that no other of `names` is."""
    id = os.fsencode(name).decode(errors="backslashreplace")
    while id != name and id in names:
        id += " (not UTF-8)"
    return id


def _walk(folder: Path, inside: Inside) -> tuple[dict[Path, str], int]:
    """Return every file that is not hidden, and why it can't be read where that shows here; and count what is hidden.

    Folders that are not to be entered, or can't be, are among the files.
    """
    found: dict[Path, str] = {}
    hidden = 0
    entered: set[tuple[int, int]] = set()
    waiting, links = [folder], list[Path]()
    while waiting or links:  # folders first, so that a file has the id of its own place and not that of a link to it
        home = waiting.pop() if waiting else links.pop(0)
        try:
            stat = home.stat()
            entries = [] if (stat.st_dev, stat.st_ino) in entered else _entries(home)
        except OSError as error:
            if home == folder:
                raise InputError(f"image folder: can't read {folder}: {error.strerror}") from error
            found[home] = f"can't read this folder: {error.strerror}"
            continue
        entered.add((stat.st_dev, stat.st_ino))
        for entry in entries:
            if entry.name.startswith("."):
                hidden += 1
            elif not _is_folder(entry):
                found[Path(entry.path)] = ""
            elif not entry.is_symlink():
                waiting.append(Path(entry.path))
            elif inside.refused(Path(entry.path).relative_to(folder)):
                found[Path(entry.path)] = ""
            else:
                links.append(Path(entry.path))
    return found, hidden


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle; opening it says so
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
