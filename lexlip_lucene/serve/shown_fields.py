"""The stored fields of a document as a reader sees them beside its picture."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import orjson

from lexlip_lucene.vectors.positions import POSITIONS

NOT_SHOWN = ("id", POSITIONS, "words")
"""Fields that are not metadata to a reader: the page has the first two, and the words are those of the id."""


def shown_fields(docid: str, stored: Mapping[str, str]) -> dict[str, str]:
    """Return name → text of the fields that say something: lists as they are read, and a date in words."""
    return dict(_shown(docid, stored))


def _shown(docid: str, stored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in stored.items():
        if name in NOT_SHOWN or (name == "contents" and docid.endswith(text)):  # the file's name, which is the title
            continue
        yield name, _date(text) if name == "date" else _listed(text)


def _date(text: str) -> str:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{date.day} {date:%B %Y, %H:%M}"


def _listed(text: str) -> str:
    """Join a list of texts, which an index stores as JSON; any other text stays as it is."""
    if not text.startswith("["):
        return text
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return ", ".join(values) if values and all(isinstance(value, str) for value in values) else text
