"""The JSON file that describes a folder from training or from an export: its version, its keys, its own checksum."""

import reprlib
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from lexlip_lucene.encoders.model.model_files import require_own_file
from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.checksum import require_checksum, without_checksum
from lexlip_lucene.recipes.model_spec import Spec

LARGEST = 64 << 20
"""Bytes: the config of a lexicon of a million tokens has 30 MB."""

Config = TypeVar("Config", bound=Spec)


def read_config_file(
    path: Path, kind: type[Config], schema: int, *, missing: str, outdated: str, advice: str
) -> Config:
    """Read the config at `path` as a `kind`.

    Args:
        path: of the file.
        kind: whose keys and values it must have.
        schema: the version of the folder's layout that it must have.
        missing: follows the folder's name in the message if the file is missing.
        outdated: the requirement in the message if it is of another version.
        advice: what to do then.

    Raises:
        ModelError: it is missing, is of another version, can't be read, has a key or a value that it may not have, or
            is not as it was written.
    """
    record = _record(path, missing)
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version != schema or not isinstance(record, dict):
        raise ModelError(f"{path}: {outdated}, got {reprlib.repr(version)}; {advice}")
    try:
        config = kind.model_validate(without_checksum(record))
    except ValidationError as error:
        raise ModelError(f"{path}: {_first(error)}") from None
    require_checksum(record, path, ModelError)
    return config


def _record(path: Path, missing: str) -> Any:
    try:
        require_own_file(path)
        if path.stat().st_size > LARGEST:
            raise ModelError(f"{path}: a config of at most {LARGEST} bytes is needed, got {path.stat().st_size}")
        return orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{path.parent}: {missing}") from None
    except OSError as error:
        raise ModelError(f"can't read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}") from None


def _first(error: ValidationError) -> str:
    """Name the first place that is wrong, in one line."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "the lexicon"
    if not place.isprintable() or len(place) > 200:
        place = reprlib.repr(place)
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
