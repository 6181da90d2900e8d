"""The manifest: what made a collection, written beside it as `<collection>.manifest.json`.

It says which model and vocabulary, how weights became integers, what was rejected and why, and the sha256 of each
shard; the index carries its main facts on in the Lucene commit. `inputs = documents + rejected` always. It carries a
checksum of itself (`checksum.py`), which one from before checksums lacks.
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from lexlip_lucene.data.image_limits import LIMITS
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.checksum import require_checksum, with_checksum, without_checksum
from lexlip_lucene.files.written import written_file

SCHEMA = 1
"""Version of the manifest's keys."""

SHARD_NAMES = r"part-\d+\.jsonl"
"""The names of a collection's shards, as a regular expression."""


class Rejected(NamedTuple):
    """An input that gave no document, and why."""

    id: str
    file: str
    reason: str


class ShardEntry(BaseModel):
    """One file of the collection."""

    name: str
    documents: int
    sha256: str


class Manifest(BaseModel):
    """The manifest's keys. `scale` is impacts per unit of weight; `top_k` null keeps every positive weight.

    `inputs_sha256` is the identity of the inputs (ids and file sizes, or ids and texts), `arithmetic` what the model
    computed in ("float32", "bfloat16, compiled"); a manifest from before they were noted has null there. `grid` is what
    the lines' `positions` count in (`vectors/positions.py`), null where the lines have none. `max_pixels` and
    `allow_truncated` say which pictures were read (`data/image_limits.py`). `entities` is true if vectors have entity
    terms (`entity_terms.py`), and missing otherwise. `visual_sha256` is of the visual lexicon whose words vectors have,
    and `visual_codes` the number of its codes; both are missing if they have none. `part` is [number, of] of a
    collection that is one part of several (`merged.py`), whose `inputs_sha256` is that of the inputs of all; it is
    missing otherwise.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    schema_version: int = SCHEMA
    side: Literal["image", "text"]
    model_sha256: str
    vocabulary_sha256: str
    scale: float
    rounding: str
    bits: int
    top_k: int | None
    inputs: int
    inputs_sha256: str | None = None
    arithmetic: str | None = None
    grid: str | None = None
    max_pixels: int = LIMITS.max_pixels
    allow_truncated: bool = LIMITS.allow_truncated
    entities: Literal[True] | None = None
    visual_sha256: str | None = None
    visual_codes: int | None = None
    part: list[int] | None = None
    documents: int
    empty: int
    postings: int
    rejected: list[Rejected]
    shards: list[ShardEntry]

    @model_serializer(mode="wrap")
    def _without_absent_parts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = write(self)
        parts = ("entities", "visual_sha256", "visual_codes", "part")
        return {key: value for key, value in values.items() if key not in parts or value}

    @model_validator(mode="after")
    def _counts_add_up(self) -> "Manifest":
        if self.inputs != self.documents + len(self.rejected):
            raise ValueError(
                f"{self.inputs} inputs are not {self.documents} documents + {len(self.rejected)} rejected ones"
            )
        if self.documents != sum(shard.documents for shard in self.shards):
            raise ValueError(f"{self.documents} documents are not the sum of the shards' documents")
        return self


def require_documents(manifest: Manifest) -> Manifest:
    """Return the manifest; InputError if not one input could be read, unless it is that of a part, as others may do."""
    if manifest.documents or manifest.part is not None:
        return manifest
    rejected = manifest.rejected
    first = f"; the first of {len(rejected)} rejected: {rejected[0].file}: {rejected[0].reason}" if rejected else ""
    raise InputError(f"nothing to encode: not one input could be read{first}")


def manifest_path(collection: Path) -> Path:
    """Return the path of the manifest of `collection`, a folder or a file of encoded queries."""
    return collection.with_name(collection.name + ".manifest.json")


def write_manifest(collection: Path, manifest: Manifest) -> None:
    """Write the manifest beside `collection`; an older one there goes with the collection it described."""
    with written_file(manifest_path(collection), force=True) as file:
        file.write(manifest_bytes(manifest))


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the file that a manifest is."""
    record = with_checksum(manifest.model_dump(mode="json"))
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_manifest(collection: Path) -> Manifest | None:
    """Return the manifest beside `collection`, or None when others made it and there is none.

    Raises:
        InputError: the file exists but can't be read, is not a manifest of this schema version, or has changed since
            it was written.
    """
    path = manifest_path(collection)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    return parsed_manifest(content, path)


def parsed_manifest(content: bytes, path: object) -> Manifest:
    """Return the manifest that a file is; errors as in `read_manifest`, naming `path`."""
    try:
        record = orjson.loads(content)
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA:
            raise InputError(f"{path}: a manifest of schema version {SCHEMA} is needed, got {version!r}")
        manifest = Manifest.model_validate(without_checksum(record))
        require_checksum(record, path)
        return manifest
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the counts"
        raise InputError(f"{path}: {place}: {first['msg']}") from None
