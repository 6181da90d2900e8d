"""Images with their captions, from any layout that is read: chosen by what the source is.

    a folder      images without captions      image_folder.py
    x.jsonl       the captions file            captions_file.py
    x.json        Karpathy's dataset_*.json    karpathy.py
    x.tsv         LexLIP's captions            lexlip_tsv.py
    x.jsonl.gz …  one of these, compressed

An image file that is missing or broken is not an error here: it is rejected, with its reason, when it is opened.
"""

from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions_file import read_captions_file
from lexlip_lucene.data.image_folder import ImageFolder, look_through
from lexlip_lucene.data.karpathy import read_karpathy
from lexlip_lucene.data.lexlip_tsv import read_lexlip_tsv
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import without_gz

__all__ = ["CaptionedImage", "of_split", "read_captions"]

READERS = {".jsonl": read_captions_file, ".json": read_karpathy, ".tsv": read_lexlip_tsv}


def read_captions(source: Path, *, split: str | None = None, outside: bool = False) -> list[CaptionedImage]:
    """Read the images of `source`, in its order.

    Args:
        source: a folder of images or a captions file.
        split: take only the images of this split; None takes all.
        outside: read image files that lie elsewhere than below the folder, or the one of the captions file; otherwise
            such an image is refused when it is opened.

    Returns:
        At least one image; ids are unique and not empty.

    Raises:
        InputError: no such file, a line that can't be read (file:line), no image at all, an empty or a
            duplicate id, or a split that no image has.
    """
    return read_listed(source, split=split, outside=outside).images


def read_listed(source: Path, *, split: str | None = None, outside: bool = False) -> ImageFolder:
    """Read as `read_captions` does, and count the hidden files and folders of a folder, which were passed over."""
    images, hidden = _read_all(source, outside)
    require_ids(images)
    return ImageFolder(of_split(images, split, source), hidden)


def of_split(images: list[CaptionedImage], split: str | None, source: object) -> list[CaptionedImage]:
    """Return those of one split of `source`, which is what they were read from; None: all.

    Raises:
        InputError: no image is of that split.
    """
    if split is None:
        return images
    chosen = [image for image in images if image.split == split]
    if not chosen:
        there = ", ".join(map(repr, sorted({image.split for image in images})))
        raise InputError(f"{source}: no image is of split {split!r}; the splits there are: {there}")
    return chosen


def _read_all(source: Path, outside: bool) -> ImageFolder:
    if source.is_dir():
        return look_through(source, outside=outside)
    if not source.exists():
        raise InputError(f"captions: no such file or folder: {source}")
    reader = READERS.get(without_gz(source).suffix.lower())
    if reader is None:
        raise InputError(f"captions: a folder or a file ending in {', '.join(READERS)} is needed, but got {source}")
    images = reader(source, outside=outside)
    if not images:
        raise InputError(f"captions: no image in {source}")
    return ImageFolder(images, 0)


def require_ids(images: list[CaptionedImage]) -> None:
    """Raise InputError if an id is empty, or of two images."""
    where_of: dict[str, str] = {}
    for image in images:
        if not image.id:
            raise InputError(f"{image.where}: the id of an image must not be empty")
        if image.id in where_of:
            raise InputError(
                f"{image.where}: the id {image.id!r} must be unique, but it is also at {where_of[image.id]}"
            )
        where_of[image.id] = image.where
