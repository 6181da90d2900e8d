"""A tar of pictures, as WebDataset and img2dataset write them: members of one key stand together, and are one picture.

    000010005.jpg     the picture
    000010005.txt     its caption
    000010005.json    its keys, of which "caption" is a text or a list of texts

A key is a member's path up to the first dot of its name, and becomes the id. Further members of a key are passed over,
and so are hidden members and folders. Nothing is unpacked onto the disk.
"""

import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.image_folder import ENDINGS
from lexlip_lucene.data.remote.picture_shard import MOST_BYTES, no_content
from lexlip_lucene.errors import InputError, LexlipError
from lexlip_lucene.files.location import Location

ENDING = ".tar"

COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""Endings of tars that are not read: pictures are compressed already."""

_TEXTS = (".txt", ".json")
_MOST_TEXT = 1 << 24
"""Bytes of a text beside a picture."""


class Member(NamedTuple):
    """A member of a tar. `refused` says why its `content` was not read; "" if it was, or is not needed."""

    name: str
    content: bytes
    refused: str = ""

    @property
    def key(self) -> str:
        """The path up to the first dot of the name."""
        folder, slash, name = self.name.rpartition("/")
        return f"{folder}{slash}{name.partition('.')[0]}"

    @property
    def ending(self) -> str:
        """The ending of the name: .jpg."""
        return os.path.splitext(self.name)[1].lower()


class TarShard:
    """A tar of pictures."""

    def __init__(self, location: Location) -> None:
        self.location = location

    def images(self) -> Iterator[CaptionedImage]:
        """Yield the picture of each key, in order; as in `PictureShard`."""
        places: dict[str, str] = {}
        for key, members in groupby(self._members(), key=lambda member: member.key):
            image = self._image(key, list(members), places)
            places.setdefault(image.id, image.where)
            yield image

    def _image(self, key: str, members: Sequence[Member], places: dict[str, str]) -> CaptionedImage:
        pictures = [member for member in members if member.ending in ENDINGS]
        first = pictures[0] if pictures else members[0]
        refused = _why_not(key, pictures, members) or first.refused
        try:
            keys = _keys(members)
        except ValueError as error:
            keys, refused = {}, refused or str(error)
        id = os.fsencode(key).decode(errors="backslashreplace")
        if id in places:
            refused = (
                f"the key {key!r} has been at {places[id]} already: the members of a key stand together, and no two "
                "pictures share one"
            )
        return CaptionedImage(
            id=id,
            path=Path(first.name),
            split=keys["split"] if isinstance(keys.get("split"), str) else "",
            captions=_captions(keys),
            where=f"{self.location}:{os.fsencode(first.name).decode(errors='backslashreplace')}",
            refused=refused,
            keys=keys,
            content=no_content if refused else lambda: first.content,
        )

    def _members(self) -> Iterator[Member]:
        """Yield the members that are neither folders nor hidden, with the content of pictures and texts."""
        with self.location.opened(in_order=True) as file, _named_damage(self.location) as damage, _opened(file) as tar:
            while (member := tar.next()) is not None:
                vars(tar)["members"].clear()  # they would pile up
                name = member.name
                damage.after = f" after member {name!r}"
                if not member.isdir() and not _HIDDEN.search(name):
                    yield _read(tar, member)


_HIDDEN = re.compile(r"(^|/)\.(?!\.?/)")
"""A name of which a part begins with a dot, and is neither `.` nor `..`."""


class _Damage:
    """The place up to which a tar was read, for a message."""

    after = ""


@contextmanager
def _named_damage(location: Location) -> Iterator[_Damage]:
    damage = _Damage()
    try:
        yield damage
    except (LexlipError, MemoryError):
        raise
    except Exception as error:  # those of tarfile, and of each store
        raise InputError(
            f"{location}: this tar can't be read{damage.after}: {location.reason(error)}; fetch it again, and "
            "resume with --resume"
        ) from error


_CUT = tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError  # type: ignore[attr-defined]  # no public names
_DAMAGED = tarfile.InvalidHeaderError, tarfile.SubsequentHeaderError  # type: ignore[attr-defined]  # as above


class _Whole(tarfile.TarInfo):
    """A member of a tar that must end as tars end; tarfile itself takes a cut one for a shorter one."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> "_Whole":
        try:
            return super().fromtarfile(tar)
        except _CUT as error:
            raise tarfile.ReadError("it is cut here, and its end is missing") from error
        except _DAMAGED as error:
            raise tarfile.ReadError(f"here is no member of a tar ({error})") from error


def _opened(file: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="r|", tarinfo=_Whole)


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Member:
    found = Member(member.name.removeprefix("./"), b"", _why_no_member(member))
    if found.refused or found.ending not in (*ENDINGS, *_TEXTS):
        return found
    most = _MOST_TEXT if found.ending in _TEXTS else MOST_BYTES
    if member.size > most:
        return found._replace(refused=f"{member.name} has {member.size} bytes, and {most} are read at most")
    file = tar.extractfile(member)
    assert file is not None, "it is a regular file"
    return found._replace(content=file.read())


def _why_no_member(member: tarfile.TarInfo) -> str:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return f"the name {member.name!r} leads out of the tar"
    if not member.isreg():
        return f"{member.name} is a link, a pipe or a device, and no file"
    if os.fsencode(member.name).decode(errors="backslashreplace") != member.name:
        return "its name is not UTF-8, so it can't be an id"
    return ""


def _why_not(key: str, pictures: Sequence[Member], members: Sequence[Member]) -> str:
    if not pictures:
        endings = ", ".join(member.ending or member.name for member in members)
        return f"no picture under the key {key!r}, only {endings}"
    if len(pictures) > 1:
        names = " and ".join(picture.name for picture in pictures)
        return f"the key {key!r} has {len(pictures)} pictures, {names}: give each a key of its own"
    return next((member.refused for member in members if member.refused and member.ending in _TEXTS), "")


def _keys(members: Sequence[Member]) -> dict[str, Any]:
    """Return the keys of the texts of a picture; ValueError if one is not what its ending says."""
    keys: dict[str, Any] = {}
    for member in members:
        try:
            if member.ending == ".json":
                keys |= _object(orjson.loads(member.content))
            elif member.ending == ".txt":
                keys.setdefault("caption", member.content.decode("utf-8-sig").strip())
        except ValueError as error:  # no JSON, no object, or no UTF-8
            raise ValueError(f"{member.name} is not a text of JSON keys, or of UTF-8: {error}") from error
    return keys


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"an object is needed, not {str(value)[:40]}")


def _captions(keys: dict[str, Any]) -> tuple[str, ...]:
    said = keys.get("caption", keys.get("captions"))
    listed = said if isinstance(said, list) else [said]
    return tuple(caption for caption in listed if isinstance(caption, str))
