"""Document id → image file and captions, resolved once into a table: no path from a request reaches the file system.

With a captions file an id's image is the one named there, else it is the file below the folder whose relative path is
the id, with or without its ending. A file counts only when its real path, all symbolic links followed, is below the
folder's real path.
"""

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.image_folder import ENDINGS, read_image_folder
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_folder

SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
)
"""The bytes, by place, of the files that browsers show as they are."""


@dataclass(frozen=True)
class ImageFiles:
    """The file and the captions of each id.

    Attributes:
        paths: id → real path.
        captions: id → captions; those of no caption are left out.
        outside: images named by the captions file that are missing, or not below the folder.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    captions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outside: int = 0

    def path(self, docid: str) -> Path | None:
        """Return the image file of `docid` if it has one that is not a link.

        Raises:
            OSError: the machine does not let it be looked at.
        """
        path = self.paths.get(docid)
        try:
            return path if path is not None and path.resolve(strict=True) == path else None
        except (FileNotFoundError, NotADirectoryError, RuntimeError):  # gone, or a circle of links by now
            return None


def find_image_files(folder: Path | None, captions: Path | None) -> ImageFiles:
    """Look through the folder, or through what the captions file names below it.

    Raises:
        InputError: no such folder or file, no image in it, or none of those named lies below the folder.
    """
    if captions is None:
        return ImageFiles() if folder is None else ImageFiles(_by_relative_path(folder))
    images = read_captions(captions)
    texts = {image.id: image.captions for image in images if image.captions}
    if folder is None:
        return ImageFiles({}, texts)
    top = require_folder(folder, "image folder").resolve()
    paths = dict(_below(top, ((image.id, image.path) for image in images)))
    if not paths:
        raise InputError(
            f"--images must hold the files that {captions} names, but none of its {len(images)} is below {folder}; "
            f"the first is {_shown(images[0])}"
        )
    return ImageFiles(paths, texts, outside=len(images) - len(paths))


def media_type(path: Path) -> str | None:
    """Return the media type of an image file by its first bytes; None unless it is a file that browsers show."""
    if not stat.S_ISREG(path.stat().st_mode):  # what was a file at the start may be a pipe by now, which would wait
        return None
    with path.open("rb") as file:
        head = file.read(12)
    return next((media for at, signature, media in SIGNATURES if head.startswith(signature, at)), None)


def _by_relative_path(folder: Path) -> dict[str, Path]:
    files = dict(_below(folder.resolve(), ((image.id, image.path) for image in read_image_folder(folder))))
    without_ending: dict[str, Path] = {}
    for name, path in sorted(files.items(), key=lambda item: Path(item[0]).suffix.lower() not in ENDINGS):
        without_ending.setdefault(name.removesuffix(Path(name).suffix), path)
    return without_ending | files


def _below(top: Path, named: Iterable[tuple[str, Path]]) -> Iterable[tuple[str, Path]]:
    for docid, path in named:
        real = _real(path)
        if real is not None and real.is_relative_to(top) and real.is_file():
            yield docid, real


def _real(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):  # missing, not readable, or a circle of links
        return None


def _shown(image: CaptionedImage) -> str:
    return f"{image.path} (id {image.id!r})"
