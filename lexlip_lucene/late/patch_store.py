"""The patch store: the patch vectors of every picture, in a folder that is mapped into memory.

    store.json      the manifest (`store_manifest.py`)
    vectors.bin     all vectors, one after another, each as its code has it (`patch_code.py`)
    documents.bin   docid → place, and ids.bin the docids (`document_table.py`)

Opening reads the manifest only, and reading a picture touches only its pages, so memory is what was touched.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.late.document_table import DOCUMENTS, DocumentTable, Place
from lexlip_lucene.late.mapped import mapped
from lexlip_lucene.late.patch_code import patch_code
from lexlip_lucene.late.store_manifest import MANIFEST, VECTORS, StoreManifest, read_store_manifest

_SHOWN = 5


class PatchStore:
    """An open store; several threads may read from it at once.

    Attributes:
        path: its folder.
        manifest: what it says of itself.
    """

    def __init__(self, path: Path, manifest: StoreManifest) -> None:
        """Map the files of the store at `path`; `open` checks them first."""
        self.path = path
        self.manifest = manifest
        self._code = patch_code(manifest.code)
        self._bytes = self._code.bytes_of(manifest.width)
        self._table: DocumentTable | None = DocumentTable(path, manifest.documents)
        # Twice, for hits that lie anywhere, and for one document after another: the system reads ahead only then.
        self._coded, self._in_order = self._mapped(scattered=True), self._mapped(scattered=False)

    @classmethod
    def open(cls, path: Path, *, model_sha256: str | None = None) -> Self:
        """Open the store in folder `path`.

        Args:
            path: the folder.
            model_sha256: the model whose text vectors are to be compared with these, unless any will do.

        Raises:
            InputError: it is not a store, of another model, format or byte order, or damaged so that a size or the
                manifest shows it (`verify` finds the rest).
        """
        manifest = read_store_manifest(path)
        if model_sha256 is not None and manifest.model_sha256 != model_sha256:
            raise InputError(
                f"{path / MANIFEST}: patches of the model {model_sha256[:12]}… are needed, those in the store are of "
                f"{manifest.model_sha256[:12]}…; give the store of this model, or encode the pictures with it"
            )
        return cls(path, manifest)

    @property
    def documents(self) -> int:
        """Number of documents, those without vectors among them."""
        return self.manifest.documents

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self.manifest.width

    def __contains__(self, docid: object) -> bool:
        return isinstance(docid, str) and self._open_table().find([docid])[0] is not None

    def lacking(self, docids: Iterable[str]) -> list[str]:
        """Return those of `docids` that the store lacks, in their order."""
        asked = list(docids)
        found = self._open_table().find(asked)
        return [docid for docid, place in zip(asked, found, strict=True) if place is None]

    def docids(self) -> Iterator[str]:
        """Yield all docids, in the order in which they were written."""
        return (docid for docid, _ in self._open_table().in_order())

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the vectors of each document, (n, width) float32, in the order of `docids`.

        They are read in the order in which they lie in the file, so a batch reads a page of it once. A docid that
        comes twice is read once, and both get the same array. Treat the arrays as read-only: they share memory.

        Raises:
            InputError: the store lacks a docid, which is named, or is damaged or closed.
        """
        places = self._places(docids)
        if not places:
            return []
        in_order = sorted(set(places))
        coded = [self._rows(place, self._coded) for place in in_order]
        decoded = self._code.decode(np.concatenate(coded), self.width)
        parts = dict(zip(in_order, np.split(decoded, np.cumsum([len(part) for part in coded])[:-1]), strict=True))
        return [parts[place] for place in places]

    def coded(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield every docid and the bytes of its vectors, (n, bytes) uint8, in the order in which they were written."""
        for docid, place in self._open_table().in_order():
            yield docid, self._rows(place, self._in_order)

    def verify(self) -> None:
        """Read all files and raise InputError, which names the file, if one is not as it was written."""
        for name, entry in self.manifest.files.items():
            if sha256_of(self.path / name) != entry.sha256:
                raise InputError(
                    f"{self.path / name} is not as it was written: its sha256 is not the one in {MANIFEST}; copy it "
                    "again, or write the store again"
                )

    def close(self) -> None:
        """Let go of the files; arrays that `vectors` returned stay as they are."""
        self._table = None
        self._coded = self._in_order = np.empty((0, self._bytes), np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_table(self) -> DocumentTable:
        if self._table is None:
            raise InputError(f"the patch store {self.path} is closed: open it again")
        return self._table

    def _places(self, docids: Sequence[str]) -> list[Place]:
        found = self._open_table().find(docids)
        missing = [docid for docid, place in zip(docids, found, strict=True) if place is None]
        if missing:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise InputError(
                f"the patch store {self.path} lacks {', '.join(map(repr, missing[:_SHOWN]))}{more}; it has "
                f"{self.documents} documents: give the store of this index, or add what is missing; `lexlip check` "
                "says if its files are whole"
            )
        return [place for place in found if place is not None]

    def _mapped(self, *, scattered: bool) -> NDArray[np.uint8]:
        vectors = self.manifest.vectors
        coded = mapped(self.path / VECTORS, np.dtype(np.uint8), vectors * self._bytes, scattered=scattered)
        return coded.reshape(vectors, self._bytes)

    def _rows(self, place: Place, coded: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not place.first <= place.end <= self.manifest.vectors:
            raise InputError(
                f"{self.path / DOCUMENTS} is damaged: it names vectors {place.first} to {place.end} of "
                f"{self.manifest.vectors}; write the store again"
            )
        return coded[place.first : place.end]
