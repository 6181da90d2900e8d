"""The files of a collection, as Anserini takes them: all below a folder, each of JSON documents.

    a.jsonl     a document a line; blank lines are passed over
    a.json      one document, an array of documents, or documents one after the other
    a.jsonl.gz  either of them, compressed

Hidden files and folders (`.DS_Store`) hold no document. They are passed over and counted. Any other file is refused:
Anserini would try to read it, and lose what it can't.
"""

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import opened, without_gz
from lexlip_lucene.files.written import require_folder

ENDINGS = (".jsonl", ".json", ".jsonl.gz", ".json.gz")

_WHITE = re.compile(r"[ \t\n\r]*")


class ShardFiles(NamedTuple):
    """The shards of a collection, by their paths below it, and how many hidden files and folders are beside them."""

    paths: list[Path]
    hidden: int


def find_shards(collection: Path, what: str = "collection") -> ShardFiles:
    """Find the shards of the folder `collection`.

    Raises:
        InputError: no such folder, no shard in it, a file of another kind, or a folder that can't be read.
    """
    if re.match(r"[A-Za-z][\w+.-]+:/", str(collection)) and not collection.exists():
        url = str(collection).replace(":/", "://", 1)  # a path has no two slashes side by side
        raise InputError(
            f"{what}: a folder of this machine is needed, got {url}: bring what is at a URL here by `lexlip "
            "merge-collections FOLDER URL`"
        )
    require_folder(collection, what)
    found: list[Path] = []
    hidden = 0
    for home, folders, names in os.walk(collection, onerror=_unreadable, followlinks=True):
        shown = [name for name in folders if not name.startswith(".")]
        hidden += len(folders) - len(shown) + sum(name.startswith(".") for name in names)
        folders[:] = [name for name in shown if not _leads_back(Path(home, name))]
        found += [Path(home, name) for name in names if not name.startswith(".")]
    for path in found:
        if path.name.lower().endswith(ENDINGS) and not path.is_file():
            raise InputError(f"{path}: a shard must be a file, but this is a pipe, a device or a link to nothing")
        if not path.name.lower().endswith(ENDINGS):
            raise InputError(
                f"{path}: a {what} folder holds nothing but shards ({', '.join(ENDINGS)}), because Anserini parses "
                "every file in it: move this one out"
            )
    if not found:
        raise InputError(f"{what}: no shard ({', '.join(ENDINGS)}) in {collection}, so there is nothing to index")
    return ShardFiles(sorted(found, key=lambda path: path.relative_to(collection).parts), hidden)


def documents_in(path: Path, what: str) -> Iterator[tuple[str, bytes]]:
    """Yield (`file:line`, JSON) for each document of a shard; the line is the one that it begins on.

    Raises:
        InputError: the file can't be read, or (file:line) is not JSON where one document ends and the next begins.
    """
    with opened(path, what) as file:
        if without_gz(path).suffix.lower() == ".json":
            yield from _values(path, file.read(), what)
            return
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if line.strip(b" \t\r\n"):
                yield f"{path}:{number}", line


def first_keys(shards: Iterable[Path]) -> list[str]:
    """Return the keys of the first document of shards, which was read without an error; [] if there is none."""
    lines = (line for shard in shards for _, line in documents_in(shard, "collection"))
    return next((list(json.loads(line)) for line in lines), [])


def _values(path: Path, content: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    """Yield the values of a `.json` file, those of an array one by one."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: a {what} must be UTF-8, but here is {error.reason}") from error
    decoder = json.JSONDecoder()
    at = _after_white(text, 0)
    array = text[at : at + 1] == "["
    at, line, counted = _after_white(text, at + array), 1, 0
    while at < len(text) and not (array and text[at] == "]"):
        line, counted = line + text.count("\n", counted, at), at
        where = f"{path}:{line}"
        try:
            _, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{where}: a {what} must be JSON: {error}") from None
        yield where, text[at:end].encode()
        at = _after_white(text, end)
        if array and text[at : at + 1] == ",":
            at = _after_white(text, at + 1)
            if text[at : at + 1] == "]":
                raise InputError(f"{where}: a comma follows the last document of the array")
        elif array and text[at : at + 1] != "]":
            raise InputError(f"{where}: a comma or the end of the array is missing after this document")
    if array and _after_white(text, at + 1) < len(text):
        raise InputError(f"{path}: something follows the array of documents")


def _after_white(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _leads_back(folder: Path) -> bool:
    """Say if a link to a folder leads to one that it is in."""
    return folder.is_symlink() and folder.absolute().is_relative_to(folder.resolve())


def _unreadable(error: OSError) -> None:
    raise InputError(f"can't read {error.filename}: {error.strerror}") from error
