"""The table of a patch store: docid → the place of its vectors, found without reading the other docids.

`documents.bin` has the 64-bit hashes of all docids in ascending order, and after them, in the same order, where each
docid's vectors and its own bytes lie. `ids.bin` has the docids themselves, in UTF-8, one after another in the order in
which they were written. A look-up is a binary search of the hash, and a comparison with the docid, because two docids
may share a hash. Integers are little-endian.
"""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.mapped import mapped

DOCUMENTS = "documents.bin"
IDS = "ids.bin"

_INTEGER = np.dtype("<u8")
_ENTRY = ("first", "end", "id_start", "id_end")
"""A document's integers: its part of `vectors.bin` and its part of `ids.bin`, each from a first up to before an end."""

ENTRY_BYTES = _INTEGER.itemsize * (1 + len(_ENTRY))
"""Bytes of a document in `documents.bin`."""


class Place(NamedTuple):
    """The vectors of a document in a store: from number `first`, counted from 0, up to before `end`."""

    first: int
    end: int


def docid_hash(docid: bytes) -> int:
    """Return the 64-bit hash of a docid's UTF-8 bytes."""
    return int.from_bytes(hashlib.blake2b(docid, digest_size=8).digest(), "little")


def docid_bytes(docid: str) -> bytes:
    """Return a docid's UTF-8 bytes; a half of a surrogate pair, from a file name that is no UTF-8, is kept, too."""
    return docid.encode("utf-8", "surrogatepass")


class DocumentTable:
    """The table of a store, mapped into memory: a look-up reads only the pages that it needs."""

    def __init__(self, folder: Path, documents: int) -> None:
        """Map the table in `folder`, whose files have the sizes of `documents` documents."""
        self._path = folder / DOCUMENTS
        self._hashes = mapped(self._path, _INTEGER, documents, scattered=True)
        count, offset = documents * len(_ENTRY), documents * _INTEGER.itemsize
        entries = mapped(self._path, _INTEGER, count, offset=offset, scattered=True)
        self._entries = entries.reshape(documents, len(_ENTRY))
        self._ids = mapped(folder / IDS, np.dtype(np.uint8), (folder / IDS).stat().st_size, scattered=True)

    def find(self, docids: Sequence[str]) -> list[Place | None]:
        """Return the place of each docid, None for one that the store lacks.

        Raises:
            InputError: the file is damaged.
        """
        keys = [docid_bytes(docid) for docid in docids]
        wanted = np.array([docid_hash(key) for key in keys], dtype=_INTEGER)
        return [
            self._at(row, number, key)
            for row, number, key in zip(
                np.searchsorted(self._hashes, wanted).tolist(), wanted.tolist(), keys, strict=True
            )
        ]

    def _at(self, row: int, number: int, key: bytes) -> Place | None:
        while row < len(self._hashes) and self._hashes[row] == number:
            first, end, id_start, id_end = self._entries[row].tolist()
            if self._id(id_start, id_end) == key:
                return Place(first, end)
            row += 1
        return None

    def _id(self, start: int, end: int) -> bytes:
        if not start < end <= len(self._ids):
            raise InputError(f"{self._path} is damaged: it names a docid beyond {IDS}; write the store again")
        return self._ids[start:end].tobytes()

    def in_order(self) -> Iterator[tuple[str, Place]]:
        """Yield every docid and its place, in the order in which they were written."""
        for row in np.argsort(self._entries[:, _ENTRY.index("id_start")], kind="stable").tolist():
            first, end, id_start, id_end = self._entries[row].tolist()
            yield self._id(id_start, id_end).decode("utf-8", "surrogatepass"), Place(first, end)


class TableWriter:
    """A table that is being written: docids in any order, `ids` open for their bytes."""

    def __init__(self, ids: IO[bytes]) -> None:
        self._ids = ids
        self._hashes = array("Q")
        self._entries = array("Q")
        self._vectors = 0
        self._id_bytes = 0

    @property
    def documents(self) -> int:
        """Number of documents so far."""
        return len(self._hashes)

    @property
    def vectors(self) -> int:
        """Number of vectors so far."""
        return self._vectors

    def add(self, docid: str, count: int) -> None:
        """Note that the next `count` vectors are those of `docid`.

        Raises:
            InputError: `docid` is empty.
        """
        key = docid_bytes(docid)
        if not key:
            raise InputError(f"document {self.documents + 1} of a patch store has an empty docid: give it an id")
        self._ids.write(key)
        self._hashes.append(docid_hash(key))
        vectors, id_bytes = self._vectors + count, self._id_bytes + len(key)
        self._entries.extend((self._vectors, vectors, self._id_bytes, id_bytes))
        self._vectors, self._id_bytes = vectors, id_bytes

    def finish(self, folder: Path) -> None:
        """Write `documents.bin` into `folder`, where `ids.bin` is complete.

        Raises:
            InputError: a docid was added twice; names it.
        """
        hashes = np.array(self._hashes, dtype=_INTEGER)
        order = np.argsort(hashes, kind="stable")
        entries = np.array(self._entries, dtype=_INTEGER).reshape(-1, len(_ENTRY))[order]
        hashes = hashes[order]
        _require_distinct(hashes, entries, folder / IDS)
        with (folder / DOCUMENTS).open("wb") as file:
            file.write(hashes.tobytes())
            file.write(entries.tobytes())


def _require_distinct(hashes: NDArray[np.uint64], entries: NDArray[np.uint64], ids: Path) -> None:
    """Raise InputError if two docids are the same; only those with the same hash can be."""
    shared = np.isin(hashes, hashes[1:][hashes[1:] == hashes[:-1]])
    seen: set[bytes] = set()
    with ids.open("rb") as file:
        for _, _, start, end in entries[shared].tolist():
            file.seek(start)
            key = file.read(end - start)
            if key in seen:
                raise InputError(
                    f"docid {key.decode('utf-8', 'surrogatepass')!r} occurs twice: a patch store has the vectors of a "
                    "document once, so leave one of the two out"
                )
            seen.add(key)
