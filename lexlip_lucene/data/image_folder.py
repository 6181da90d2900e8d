"""A plain folder of images, without captions: the id of an image is its path relative to the folder.

Every file below it whose name ends like an image is taken, in the order of the ids; hidden files and hidden
folders are passed over. Whether a file really is an image shows when it is opened.
"""

from collections.abc import Iterator
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.errors import InputError
from lexlip_lucene.files import require_folder

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def read_image_folder(folder: Path) -> list[CaptionedImage]:
    """List the images below `folder`; ids use "/" on every system.

    Raises:
        InputError: no such folder, no image in it, or a file name that is not UTF-8.
    """
    names = sorted(_names(require_folder(folder, "image folder")))
    if not names:
        raise InputError(f"image folder: no file ending in {', '.join(ENDINGS)} below {folder}")
    top = folder.absolute()
    return [CaptionedImage(name, top / name, "", (), where=f"{folder}/{name}") for name in names]


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or path.suffix.lower() not in ENDINGS or path.is_dir():
            continue
        name = relative.as_posix()
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{folder}: a file name must be UTF-8 to be an id, but there is {name!r}") from error
        yield name
