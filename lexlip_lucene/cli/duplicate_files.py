"""The files of near-duplicates, for `lexlip duplicates --images`: their sizes, and their pictures made small."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lexlip_lucene.files.written import sha256_of

if TYPE_CHECKING:
    from lexlip_lucene.data.picture_file import PictureFile
    from lexlip_lucene.pictures.duplicates_page import ShownCopy, ShownGroup
    from lexlip_lucene.search.duplicate_groups import Group

Files: TypeAlias = "Mapping[str, PictureFile | str]"
"""Docid → its file, or the reason why there is none."""

SHOWN, SHOWN_MEMBERS = 300, 24
"""Groups on a page, and pictures of each: some 70 MB at most."""

NO_FILE = "no file with this id"


def files_of_members(groups: "Sequence[Group]", paths: Mapping[str, Path]) -> Files:
    """Look at the file of each document that is in a group; `paths` has docid → file."""
    from lexlip_lucene.data.images import UnreadableImage
    from lexlip_lucene.data.picture_file import picture_file

    found: dict[str, PictureFile | str] = {}
    for docid in (member.docid for group in groups for member in group.members):
        try:
            found[docid] = picture_file(paths[docid]) if docid in paths else NO_FILE
        except UnreadableImage as reason:
            found[docid] = f"can't be read: {reason}"
    return found


def size_of(files: Files, docid: str) -> str:
    """Return the size of a document's file in words after a gap, or why it has none; "" if files are not asked for."""
    from lexlip_lucene.pictures.duplicates_page import size_in_words

    file = files.get(docid, "")
    said = file if isinstance(file, str) else size_in_words(file.width, file.height, file.bytes)
    return f"  {said}" if said else ""


def shown_groups(groups: "Sequence[Group]", files: Files) -> "tuple[list[ShownGroup], int]":
    """Return the groups of a page, and how many are left out."""
    from lexlip_lucene.pictures.duplicates_page import ShownGroup

    shown = [ShownGroup(_copies(group, files), len(group.members)) for group in groups[:SHOWN]]
    return shown, len(groups) - len(shown)


def notes_of(docids: Sequence[str], files: Files) -> dict[str, str]:
    """Return docid → what distinguishes its file from those of the others of a group.

    The largest has the most pixels, of equally many the most bytes; none is the largest if two are equally large.
    """
    known = {docid: file for docid in docids if not isinstance(file := files.get(docid, NO_FILE), str)}
    sizes = {docid: (file.pixels, file.bytes) for docid, file in known.items()}
    largest = [docid for docid, size in sizes.items() if size == max(sizes.values())]
    notes = {largest[0]: "the largest file"} if len(largest) == 1 and len(known) > 1 else {}
    same = same_bytes(docids, files)
    return notes | {docid: f"the same bytes as {first}" for docid, first in same.items()}


def same_bytes(docids: Sequence[str], files: Files) -> dict[str, str]:
    """Return docid → the first of `docids` whose file has the same bytes; only files of the same size are read."""
    by_size: dict[int, list[str]] = {}
    for docid in docids:
        if not isinstance(file := files.get(docid, NO_FILE), str):
            by_size.setdefault(file.bytes, []).append(docid)
    found: dict[str, str] = {}
    for alike in by_size.values():
        first: dict[str, str] = {}
        for docid in alike if len(alike) > 1 else ():
            file = files[docid]
            assert not isinstance(file, str), "it was looked at"
            own = first.setdefault(sha256_of(file.path), docid)
            found |= {docid: own} if own != docid else {}
    return found


def _copies(group: "Group", files: Files) -> "list[ShownCopy]":
    from lexlip_lucene.data.images import UnreadableImage, open_image
    from lexlip_lucene.pictures.duplicates_page import SIDE, ShownCopy, thumbnail_uri

    notes = notes_of([member.docid for member in group.members], files)
    shown = []
    for docid, similarity in group.members[:SHOWN_MEMBERS]:
        file, picture = files.get(docid, NO_FILE), ""
        size = size_of(files, docid).strip()
        if not isinstance(file, str):
            try:
                picture = thumbnail_uri(open_image(file.path, side=SIDE))
            except UnreadableImage as reason:
                size = f"{size}; can't be read: {reason}"
        shown.append(ShownCopy(docid, similarity, picture, size, notes.get(docid, "")))
    return shown
