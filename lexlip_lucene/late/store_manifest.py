"""The manifest of a patch store, `store.json` in its folder: what its bytes mean, and how to tell that they are whole.

It carries a checksum of itself (`files/checksum.py`).
"""

from pathlib import Path
from typing import Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.checksum import require_checksum, with_checksum, without_checksum
from lexlip_lucene.files.written import require_folder, sha256_of
from lexlip_lucene.late.document_table import DOCUMENTS, ENTRY_BYTES, IDS
from lexlip_lucene.late.patch_code import PATCH_CODES, patch_code

MANIFEST = "store.json"
VECTORS = "vectors.bin"

FORMAT = 1
"""Version of the files and of the manifest's keys."""

BYTE_ORDER = "little"


class StoreKind(NamedTuple):
    """The meaning of a store's vectors.

    Attributes:
        model_sha256: of the model that made them.
        width: numbers of a vector.
        code: the code of its numbers (`patch_code`).
        clusters: most vectors of a picture, the centres of clusters of its patches; 0: all patches; None: not known,
            as in stores of earlier versions.
    """

    model_sha256: str
    width: int
    code: str
    clusters: int | None = None

    def fits(self, other: "StoreKind") -> bool:
        """Return True if vectors of both kinds may be in one store: clusters that are not known fit any."""
        known = self.clusters is not None and other.clusters is not None
        return self[:3] == other[:3] and not (known and self.clusters != other.clusters)


class FileEntry(BaseModel):
    """One file of the store: its size in bytes, and its sha256."""

    model_config = ConfigDict(extra="forbid")

    bytes: NonNegativeInt
    sha256: str


class StoreManifest(BaseModel):
    """The manifest's keys; `documents` counts those without vectors, too. `clusters` is absent if it is not known."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    format: int
    byte_order: Literal["little"]
    model_sha256: str
    width: PositiveInt
    code: str
    clusters: NonNegativeInt | None = None
    documents: NonNegativeInt
    vectors: NonNegativeInt
    files: dict[str, FileEntry]

    @property
    def kind(self) -> StoreKind:
        """The meaning of the vectors."""
        return StoreKind(self.model_sha256, self.width, self.code, self.clusters)


def write_store_manifest(folder: Path, kind: StoreKind, *, documents: int, vectors: int) -> None:
    """Write the manifest of the files in `folder`, which are complete."""
    files = {
        name: FileEntry(bytes=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
        for name in (VECTORS, DOCUMENTS, IDS)
    }
    manifest = StoreManifest(
        format=FORMAT, byte_order="little", documents=documents, vectors=vectors, files=files, **kind._asdict()
    )
    record = with_checksum(manifest.model_dump(mode="json", exclude_none=True))
    (folder / MANIFEST).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_store_manifest(folder: Path) -> StoreManifest:
    """Return the manifest of the store in `folder`; the files have the sizes that it says, their bytes are not read.

    Raises:
        InputError: it is missing, of another format or byte order, or damaged, or a file has another size.
    """
    path = require_folder(folder, "patch store") / MANIFEST
    try:
        record = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{folder} is not a patch store: it has no {MANIFEST}; {_REMEDY}") from None
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path} is damaged, not JSON: {error}; {_REMEDY}") from None
    manifest = _checked(record, path)
    for name, size in _sizes(manifest, path).items():
        _require_size(folder / name, size)
    return manifest


_REMEDY = "write the store again"


def _checked(record: object, path: Path) -> StoreManifest:
    if not isinstance(record, dict):
        raise InputError(f"{path} is damaged: an object is needed; {_REMEDY}")
    if record.get("format") != FORMAT:
        raise InputError(
            f"{path}: a patch store of format {FORMAT} is needed, got {record.get('format')!r}; read it with the "
            f"version that wrote it, or {_REMEDY}"
        )
    if record.get("byte_order") != BYTE_ORDER:
        raise InputError(
            f"{path}: integers in byte order {BYTE_ORDER!r} are needed, got {record.get('byte_order')!r}; {_REMEDY}"
        )
    try:
        manifest = StoreManifest.model_validate(without_checksum(record))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path} is damaged: {place}: {first['msg']}; {_REMEDY}") from None
    require_checksum(record, path)
    return manifest


def _sizes(manifest: StoreManifest, path: Path) -> dict[str, int]:
    """Return file → bytes by the manifest's counts, which its entries must agree with."""
    if manifest.code not in PATCH_CODES:
        raise InputError(
            f"{path}: a patch code is one of {', '.join(PATCH_CODES)}, got {manifest.code!r}; read it with the "
            f"version that wrote it, or {_REMEDY}"
        )
    entries = {name: entry.bytes for name, entry in manifest.files.items()}
    sizes = {
        VECTORS: manifest.vectors * patch_code(manifest.code).bytes_of(manifest.width),
        DOCUMENTS: manifest.documents * ENTRY_BYTES,
        IDS: entries.get(IDS, 0),
    }
    if entries != sizes:
        raise InputError(f"{path} is damaged: {entries} bytes are not those of its counts, {sizes}; {_REMEDY}")
    return sizes


def _require_size(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}; {_REMEDY}") from error
    if not path.is_file():
        raise InputError(f"{path} must be a file, but it is none; {_REMEDY}")
    if found != size:
        change = "cut short" if found < size else "too long"
        raise InputError(f"{path} is {change}: {size} bytes are needed, got {found}; copy it again, or {_REMEDY}")
