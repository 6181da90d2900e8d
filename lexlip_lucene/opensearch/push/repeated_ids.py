"""Finding ids that occur twice among any number of them, in flat memory.

A hash of each id goes into one of many files by its first byte; then each file, which fits into memory, is sorted.
Two ids of one hash are only suspected: who reads them again knows.
"""

import hashlib
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

_FILES = 256
_HASH_BYTES = 8
_BUFFER = 1 << 14


class RepeatedIds:
    """The ids seen, kept as hashes in a temporary folder until the block ends."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="lexlip-ids-")
        self._waiting = [bytearray() for _ in range(_FILES)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def add(self, docid: bytes) -> None:
        """Note an id."""
        digest = hash_of(docid)
        waiting = self._waiting[digest[0]]
        waiting += digest
        if len(waiting) >= _BUFFER:
            self._write(digest[0])

    def suspected(self) -> set[bytes]:
        """Return the hashes (`hash_of`) that occur more than once."""
        found: set[bytes] = set()
        for number in range(_FILES):
            self._write(number)
            hashes = np.sort(np.frombuffer(self._path(number).read_bytes(), dtype=">u8"))
            twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
            found.update(int(value).to_bytes(_HASH_BYTES, "big") for value in twice)
        return found

    def _write(self, number: int) -> None:
        with self._path(number).open("ab") as file:
            file.write(self._waiting[number])
        self._waiting[number].clear()

    def _path(self, number: int) -> Path:
        return Path(self._folder.name, f"{number:03d}")


def hash_of(docid: bytes) -> bytes:
    """Return the hash of an id, 8 bytes."""
    return hashlib.blake2b(docid, digest_size=_HASH_BYTES).digest()
