"""Writing a patch store: document by document, under a temporary name until it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.integers import as_count
from lexlip_lucene.late.document_table import IDS, TableWriter
from lexlip_lucene.late.patch_code import patch_code
from lexlip_lucene.late.store_manifest import MANIFEST, VECTORS, StoreKind, write_store_manifest

_LENGTH_ERROR = 1e-2
"""Largest difference of a vector's length from 1, which half precision does not make exactly 1."""


class StoreWriter:
    """A store that is being written (`written_store`)."""

    def __init__(self, vectors: IO[bytes], table: TableWriter, kind: StoreKind) -> None:
        self._vectors = vectors
        self._table = table
        self._width = as_count(kind.width, "the width of patch vectors")
        self._code = patch_code(kind.code)

    @property
    def documents(self) -> int:
        """Number of documents so far."""
        return self._table.documents

    def add(self, docid: str, vectors: NDArray[np.float32]) -> None:
        """Add a document with its vectors, (n, width) float32 of unit length; n may be 0.

        Raises:
            InputError: `docid` is empty, or `vectors` has another shape or holds one that is not of unit length.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self._width:
            raise InputError(
                f"the patches of {docid!r} must be (patches, {self._width}) as in the rest of the store, "
                f"got {vectors.shape}"
            )
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
        wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH_ERROR))  # so that NaN is wrong, too
        if len(wrong):
            raise InputError(
                f"patch {wrong[0]} of {docid!r} must have length 1, got {lengths[wrong[0]]:.4g}: divide by it"
            )
        self.add_coded(docid, self._code.encode(vectors.astype(np.float32)))

    def add_coded(self, docid: str, coded: NDArray[np.uint8]) -> None:
        """Add a document with the bytes that a store of the same kind has for its vectors, (n, bytes) uint8."""
        self._table.add(docid, len(coded))
        self._vectors.write(coded.tobytes())


@contextmanager
def written_store(path: Path, kind: StoreKind, *, force: bool = False) -> Iterator[StoreWriter]:
    """Yield a writer of a store that becomes folder `path` when the block ends well.

    When the block fails, `path` is as it was, and what was written so far is of no use.

    Args:
        path: the folder.
        kind: the model, width and code of the vectors.
        force: replace a store that is there.

    Raises:
        InputError: the kind is none, or a docid was added twice; names it.
        OutputError: `path` exists and `force` is off, it is not a store, or the system can't write it.
    """
    if force:
        require_replaceable(path)
    with written_folder(path, force=force) as folder:
        with (folder / VECTORS).open("wb") as vectors, (folder / IDS).open("wb") as ids:
            table = TableWriter(ids)
            yield StoreWriter(vectors, table, kind)
        table.finish(folder)
        write_store_manifest(folder, kind, documents=table.documents, vectors=table.vectors)


def require_replaceable(path: Path) -> None:
    """Raise OutputError if something else than a patch store is at `path`."""
    if path.exists() and not (path / MANIFEST).is_file():
        raise OutputError(f"{path} is not a patch store, so it is not replaced: choose another name")
