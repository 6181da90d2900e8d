"""Posts whose words carry entity tags: the layout of Twitter-2015 and Twitter-2017, and plain CoNLL.

    IMGID:1015799              names the post's picture: IMAGES/1015799.jpg; may be missing
    George        B-PER        a word, tab or space, and further columns if present; the last one is its tag
    Zimmerman     I-PER
                               an empty line ends the post
    -DOCSTART- -X- O O         CoNLL's, passed over

Tags are IOB2. OTHER, as the Twitter sets name the fourth type, becomes MISC, as CoNLL does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.entities.iob2 import TAG, WordSpan, spans_of
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import text_lines

PICTURE = "IMGID:"
DOCUMENT = "-DOCSTART-"
RENAMED = {"OTHER": "MISC"}

SUFFIXES = (".jpg", ".jpeg", ".png")
"""Ends of a picture's file name, in the order that they are tried."""

_PICTURE_NAME = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True)
class TaggedPost:
    """A post.

    Attributes:
        words: of the text, at least one.
        tags: of each word, IOB2.
        picture: the name of its picture without a suffix; "" if it has none.
        where: `file:line` of its first line.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    picture: str
    where: str

    @property
    def entities(self) -> list[WordSpan]:
        """The entities that the tags mean."""
        return spans_of(self.tags)


class Pictures(NamedTuple):
    """The picture of each post; None: it has none, or its file is missing. `missing` counts the latter."""

    paths: list[Path | None]
    missing: int


def read_tagged_posts(path: Path) -> list[TaggedPost]:
    """Read the posts of a file in either layout, in its order.

    Raises:
        InputError: no such file, a line that is neither of these (file:line), or no post at all.
    """
    posts = list(_posts(path))
    if not posts:
        raise InputError(f"tagged posts: at least one post is needed, but {path} has none")
    return posts


def types_of(posts: Iterable[TaggedPost]) -> tuple[str, ...]:
    """Return the entity types that the tags of `posts` have, sorted."""
    return tuple(sorted({tag[2:] for post in posts for tag in post.tags if tag != "O"}))


def pictures_of(posts: Sequence[TaggedPost], folder: Path | None) -> Pictures:
    """Find each post's picture in `folder`; a missing one is counted, and never replaced by another.

    Args:
        posts: of which each may name a picture.
        folder: of the picture files; None: no post gets a picture, and none counts as missing.

    Raises:
        InputError: there is no such folder.
    """
    if folder is None:
        return Pictures([None] * len(posts), 0)
    if not folder.is_dir():
        raise InputError(f"images: a folder of pictures is needed, but there is none at {folder}")
    paths = [_picture(folder, post.picture) for post in posts]
    return Pictures(paths, sum(bool(post.picture) and path is None for post, path in zip(posts, paths, strict=True)))


def tagged_lines(posts: Iterable[TaggedPost]) -> Iterator[str]:
    """Yield the lines of a file in the Twitter layout, with their ends."""
    for post in posts:
        if post.picture:
            yield f"{PICTURE}{post.picture}\n"
        yield from (f"{word}\t{tag}\n" for word, tag in zip(post.words, post.tags, strict=True))
        yield "\n"


def _picture(folder: Path, name: str) -> Path | None:
    candidates = [folder / f"{name}{suffix}" for suffix in SUFFIXES] if name else []
    return next((path for path in candidates if path.is_file()), None)


def _posts(path: Path) -> Iterator[TaggedPost]:
    picture, where = "", ""
    rows: list[tuple[str, str]] = []
    for number, raw in enumerate(text_lines(path, "tagged posts"), start=1):
        line, place = raw.rstrip("\r\n"), f"{path}:{number}"
        if not line.strip() or line.startswith(DOCUMENT):
            if rows:
                yield _post(rows, picture, where)
            elif picture:
                raise InputError(f"{where}: the picture {picture} has no words below it: give the post its words")
            picture, where, rows = "", "", []
        elif line.startswith(PICTURE) and len(line.split()) == 1:
            if rows or picture:
                raise InputError(f"{place}: an empty line is needed before {PICTURE}, which begins a post")
            picture, where = _picture_name(line, place), place
        else:
            where = where or place
            rows.append(_row(line, place))
    if rows:
        yield _post(rows, picture, where)


def _post(rows: list[tuple[str, str]], picture: str, where: str) -> TaggedPost:
    words, tags = zip(*rows, strict=True)
    return TaggedPost(words, tags, picture, where)


def _picture_name(line: str, place: str) -> str:
    name = line.removeprefix(PICTURE)
    if not _PICTURE_NAME.fullmatch(name):
        raise InputError(f"{place}: {PICTURE} needs a name of letters, digits, dots and dashes, got {name!r}")
    return name


def _row(line: str, place: str) -> tuple[str, str]:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 2 or not columns[0]:
        raise InputError(f"{place}: a word and its tag are needed, as in `Paris<tab>B-LOC`, got {line[:60]!r}")
    word, tag = columns[0], columns[-1].strip()
    part, _, type = tag.partition("-")
    tag = f"{part}-{RENAMED[type]}" if type in RENAMED else tag
    if not TAG.fullmatch(tag):
        raise InputError(f"{place}: a tag is O, B-TYPE or I-TYPE in capitals, as B-PER, got {tag[:60]!r}")
    return word, tag
