"""The files of a photo folder as they are now: which there are, how large, and when each was changed."""

from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_folder import look_through
from lexlip_lucene.data.images import UnreadableImage, require_listed_header
from lexlip_lucene.data.photo_files import stat_of
from lexlip_lucene.files.written import sha256_of

NO_FILE = -1
"""The size and time of what is no file, or may not be opened."""


class PhotoFile(NamedTuple):
    """A file below the folder. `size` is in bytes, `modified` in nanoseconds; both are NO_FILE for what is no file."""

    image: CaptionedImage
    size: int
    modified: int

    @property
    def openable(self) -> bool:
        """True if it is a file that may be opened."""
        return self.size != NO_FILE


class Scan(NamedTuple):
    """The files of a folder by id, and how many hidden files and folders were passed over."""

    files: dict[str, PhotoFile]
    hidden: int


def scan(folder: Path, *, outside: bool = False) -> Scan:
    """List the files below `folder`.

    Args:
        folder: the photo folder.
        outside: also read what links lead to elsewhere.

    Raises:
        InputError: no such folder, or no file in it.
    """
    images, hidden = look_through(folder, outside=outside)
    return Scan({image.id: _file(image) for image in images}, hidden)


def content_of(file: PhotoFile) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises:
        UnreadableImage: it can't be read.
    """
    try:
        return sha256_of(file.image.path)
    except OSError as error:
        raise UnreadableImage(error.strerror or str(error)) from error


def why_not_openable(file: PhotoFile) -> str:
    """Return the reason why `file` can't be opened."""
    try:
        require_listed_header(file.image)
    except UnreadableImage as reason:
        return str(reason)
    return "it was no file when the folder was looked through"


def _file(image: CaptionedImage) -> PhotoFile:
    found = None if image.refused else stat_of(image.path)
    return PhotoFile(image, NO_FILE, NO_FILE) if found is None else PhotoFile(image, found.st_size, found.st_mtime_ns)
