"""The posts that `lexlip tag` reads, from whatever holds them.

x.jsonl, x.json, x.tsv     a captions file: each caption is a post, with the picture of its image
a tagged file              the layout of the Twitter sets, or CoNLL: known by its first line
any other file             one text a line
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captions import READERS, CaptionedImage, read_captions
from lexlip_lucene.data.entities.iob2 import TAG, WordSpan
from lexlip_lucene.data.entities.tagged_posts import DOCUMENT, PICTURE, TaggedPost, pictures_of, read_tagged_posts
from lexlip_lucene.data.topics import caption_id
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.files.lines import read_lines

_TAGGED_ROW = re.compile(rf"\S+(\t|[ ].*[ ]|[ ])({TAG.pattern})\s*")


class Post(NamedTuple):
    """A post.

    Attributes:
        id: of the caption, or the number of the post in its file, from 1.
        text: to tag; the words of a tagged post joined by spaces.
        words: of a tagged post; None: the tagger cuts the text.
        picture: its file, or the image that a captions file lists; None: it has none.
        there: the entities that a tagged post has.
    """

    id: str
    text: str
    words: Sequence[str] | None
    picture: CaptionedImage | Path | None
    there: Sequence[WordSpan] | None


class Posts(NamedTuple):
    """The posts, and how many name a picture that is missing."""

    posts: list[Post]
    missing: int


def read_posts(source: Path, *, images: Path | None, split: str | None) -> Posts:
    """Read the posts of a file in its order.

    Args:
        source: the file.
        images: the folder of the pictures that a tagged file names.
        split: of a captions file: only the captions of this split.

    Raises:
        InputError: the file can't be read or has no post, or an option does not belong to its kind.
    """
    if without_gz(source).suffix.lower() in READERS:
        if images is not None:
            raise InputError("--images belongs to a tagged file: a captions file says itself where its pictures are")
        return _captions(source, split)
    if split is not None:
        raise InputError(f"--split belongs to a captions file, but got {source}")
    first = next(read_lines(source, "posts"), None)
    if first is None:
        raise InputError(f"posts: at least one post is needed, but {source} is empty")
    if first[1].startswith((PICTURE, DOCUMENT)) or _TAGGED_ROW.fullmatch(first[1]):
        return _tagged(read_tagged_posts(source), images)
    if images is not None:
        raise InputError(f"--images belongs to a tagged file, whose posts name their pictures; {source} is plain text")
    lines = [line for _, line in read_lines(source, "posts")]
    return Posts([Post(str(number), line, None, None, None) for number, line in enumerate(lines, start=1)], 0)


def _captions(source: Path, split: str | None) -> Posts:
    found = [
        Post(caption_id(image, number), caption, None, image if image.refused or image.path.is_file() else None, None)
        for image in read_captions(source, split=split)
        for number, caption in enumerate(image.captions)
    ]
    if not found:
        raise InputError(f"posts: no image in {source} has a caption")
    return Posts(found, sum(post.picture is None for post in found))


def _tagged(tagged: Sequence[TaggedPost], images: Path | None) -> Posts:
    pictures, missing = pictures_of(tagged, images)
    found = [
        Post(str(number), " ".join(post.words), post.words, picture, post.entities)
        for number, (post, picture) in enumerate(zip(tagged, pictures, strict=True), start=1)
    ]
    return Posts(found, missing)
