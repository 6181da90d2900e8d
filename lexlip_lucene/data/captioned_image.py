"""The value that every reader of captions gives: an image, where its bytes are, and what is said about it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CaptionedImage:
    """An image with its captions.

    Attributes:
        id: not empty, unique within its source; the docid of the image everywhere.
        path: of the image file, absolute; the file may be missing or broken. With `content` only its name counts.
        split: "train", "val", "test" or whatever the source says; "" where it says nothing.
        captions: none for an image from a plain folder. A caption's number is its place here, from 0.
        where: what an error message names: `file:line`, or what is nearest to it.
        refused: why the file is not to be opened, which its reader found out; "" for most.
        keys: further keys that the source gives the image, with JSON values.
        content: gives the bytes of an image that is no file here, from any thread; raises UnreadableImage if there are
            none. None: the file at `path` is opened.
    """

    id: str
    path: Path
    split: str
    captions: tuple[str, ...]
    where: str = ""
    refused: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict, compare=False)
    content: Callable[[], bytes] | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """The place of its bytes, for messages: the path, or `shard.tar:member`."""
        return os.fsencode(self.path).decode(errors="backslashreplace") if self.content is None else self.where
