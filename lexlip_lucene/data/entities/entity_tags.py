"""Reading what `lexlip tag` wrote: a JSON line a text, with its id and its entities.

    {"id": "1.jpg#0", "text": "…", "entities": [{"start": 0, "end": 5, "text": "Messi", "type": "PER", "p": 0.9}]}

A line may be of an image, by its id, or of one of its captions.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import orjson

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.topics import caption_id
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_lines


class NamedEntity(NamedTuple):
    """An entity of a text: its words, its type (`PER`), and the probability that it is one, in 0..1."""

    text: str
    type: str
    p: float


def read_entity_tags(path: Path) -> dict[str, list[NamedEntity]]:
    """Return id → the entities of its text; those of several lines of one id are joined.

    Raises:
        InputError: the file can't be read, or (file:line) a line is not as `lexlip tag` writes it.
    """
    found: dict[str, list[NamedEntity]] = {}
    for where, line in read_lines(path, "entity tags"):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{where}: not JSON: {error}") from None
        id, entities = (record.get(key) if isinstance(record, dict) else None for key in ("id", "entities"))
        if not isinstance(id, str) or not isinstance(entities, list):
            raise InputError(f"{where}: a line of lexlip tag has an id and entities, got {line[:80]!r}")
        found.setdefault(id, []).extend(_entity(entity, where) for entity in entities)
    return found


def _entity(record: Any, where: str) -> NamedEntity:
    text, type, p = (record.get(key) if isinstance(record, dict) else None for key in ("text", "type", "p"))
    if not isinstance(text, str) or not isinstance(type, str) or not _is_probability(p):
        raise InputError(f"{where}: an entity has text, type and p in 0..1, got {record!r}")
    return NamedEntity(text, type, p)


def _is_probability(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def entities_of_images(
    images: Iterable[CaptionedImage], tags: Mapping[str, Sequence[NamedEntity]], source: Path
) -> dict[str, list[NamedEntity]]:
    """Return image id → the entities of the image and of its captions.

    Raises:
        InputError: `source` has no line of an image, nor of any of its captions.
    """
    found = {}
    for image in images:
        ids = [image.id, *(caption_id(image, number) for number in range(len(image.captions)))]
        own = [id for id in ids if id in tags]
        if not own:
            raise InputError(
                f"{source} has no line of image {image.id} ({image.where or image.path}), nor of a caption of it: tag "
                "the captions that are encoded"
            )
        found[image.id] = [entity for id in own for entity in tags[id]]
    return found


def entities_of_texts(
    ids: Iterable[str], tags: Mapping[str, Sequence[NamedEntity]], source: Path
) -> dict[str, Sequence[NamedEntity]]:
    """Return text id → its entities.

    Raises:
        InputError: `source` has no line of a text.
    """
    found = {}
    for id in ids:
        if id not in tags:
            raise InputError(f"{source} has no line of the text {id}: tag the texts that are encoded")
        found[id] = tags[id]
    return found
