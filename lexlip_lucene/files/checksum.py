"""A JSON object that carries a checksum of itself, so that a changed byte in it is found when it is read.

The checksum is the SHA-256 of the object without it, as JSON with sorted keys and no white space, so every value counts
and the layout does not. What an earlier version wrote has none, and is taken as it is.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from lexlip_lucene.errors import InputError

KEY = "checksum"


def with_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return `record`, which is what JSON can hold, with its checksum as the last key."""
    return {**record, KEY: _digest(record)}


def without_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return `record` without its checksum."""
    return {key: value for key, value in record.items() if key != KEY}


def require_checksum(record: Mapping[str, Any], path: object, kind: type[InputError] = InputError) -> None:
    """Raise an error of class `kind` when `record`, which was read from `path`, carries the checksum of something else.

    Ask for it once the record is known to be well formed: what is wrong with a value is the better message.
    """
    if KEY in record and record[KEY] != _digest(without_checksum(record)):
        raise kind(
            f"{path} is not as it was written: its content does not have the checksum that it carries; take it from "
            f'where it came from, or remove the key "{KEY}" if the change is meant'
        )


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(dict(record), option=orjson.OPT_SORT_KEYS)).hexdigest()
