"""The ledger: which file, with which content, every vector of an index of photos was made from, and how.

It lies beside the collection and the index in the folder that holds all three, `photos.lexlip`. That folder is replaced
as a whole, so the ledger is always that of the collection and of the index.
"""

from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.checksum import require_checksum, with_checksum, without_checksum

LEDGER_FILE = "ledger.json"

SCHEMA = 2
"""Version of the ledger's keys."""


class Settings(BaseModel):
    """The values that a photo's vector depends on beside its content; with others all are encoded again.

    `bits` and `top_k` are the numbers in use, also where they are the model's own. `visual_sha256` is of the visual
    lexicon whose words vectors have, and `visual_codes` the number of its codes; None if they have none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    model_sha256: str
    bits: int
    top_k: int | None
    max_pixels: int
    allow_truncated: bool
    visual_sha256: str | None = None
    visual_codes: int | None = None


class Entry(NamedTuple):
    """A file: its size in bytes, its time of change in nanoseconds, the SHA-256 of its content; why it was rejected.

    `sha256` is "" for a file that could not be read at all, `reason` for a file that was encoded.
    """

    size: int
    modified: int
    sha256: str
    reason: str = ""


class Ledger(BaseModel):
    """The ledger's keys.

    Attributes:
        folder: the photo folder, absolute.
        model: name of a shipped model, or the absolute path of a model's folder.
        settings: of every vector.
        formats: of the pictures that could be read; with more of them the rejected files are tried again.
        files: id → its file.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    schema_version: int = SCHEMA
    folder: str
    model: str
    settings: Settings
    formats: tuple[str, ...]
    files: dict[str, Entry]

    @property
    def documents(self) -> set[str]:
        """The ids of the files that were encoded."""
        return {id for id, entry in self.files.items() if not entry.reason}


def read_ledger(home: Path) -> Ledger | None:
    """Return the ledger in the folder `home`; None if there is none.

    Raises:
        InputError: it can't be read, is of another version, or has changed since it was written.
    """
    path = home / LEDGER_FILE
    try:
        record = orjson.loads(path.read_bytes())
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA:
            raise InputError(f"{path}: a ledger of schema version {SCHEMA} is needed, got {version!r}: {_remedy(home)}")
        ledger = Ledger.model_validate(without_checksum(record))
        require_checksum(record, path)
        return ledger
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise InputError(f"{path} is not as it was written ({str(error).splitlines()[0]}): {_remedy(home)}") from None


def write_ledger(home: Path, ledger: Ledger) -> None:
    """Write the ledger into `home`, a folder that is not in its place yet."""
    (home / LEDGER_FILE).write_bytes(orjson.dumps(with_checksum(ledger.model_dump(mode="json"))))


def _remedy(home: Path) -> str:
    return f"--force encodes all photos again and replaces {home}"
