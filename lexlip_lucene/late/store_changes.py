"""Changes of a patch store: a new one is written and takes the old one's place in one step.

What stays is copied byte for byte, not decoded. A change takes as long as copying the store does, so make many at once.
The store that was handed in can be read on, as it was; close it when it is not needed.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.locked import locked
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_manifest import StoreKind, read_store_manifest
from lexlip_lucene.late.store_writer import StoreWriter, written_store

Patches = tuple[str, NDArray[np.float32]]
"""A docid, and its vectors, (n, width) float32 of unit length."""


def appended(store: PatchStore, documents: Iterable[Patches]) -> PatchStore:
    """Add `documents` to the store on disk, and return it.

    Raises:
        InputError: a docid is there already, or twice in `documents`; the store has changed since it was opened.
        OutputError: another process changes it, or the system can't write it.
    """
    return _rewritten(store, frozenset(), documents)


def without(store: PatchStore, docids: Collection[str]) -> PatchStore:
    """Delete the documents `docids` from the store on disk, and return it; errors as in `appended`.

    Raises:
        InputError: the store lacks one of them, which is named.
    """
    dropped = frozenset(docids)
    _require_all(store, dropped)
    return _rewritten(store, dropped, ())


def replaced(store: PatchStore, documents: Iterable[Patches]) -> PatchStore:
    """Give documents that are in the store on disk new vectors, and return it; errors as in `without`.

    `documents` are held in memory. They come last in the new store.
    """
    documents = list(documents)
    dropped = frozenset(docid for docid, _ in documents)
    _require_all(store, dropped)
    return _rewritten(store, dropped, documents)


def joined(store: PatchStore, parts: Sequence[PatchStore]) -> PatchStore:
    """Add the documents of `parts`, stores of the same kind, to the store on disk, and return it.

    A document that is there already gets its new vectors. Errors are those of `appended`.

    Raises:
        InputError: a part is of another kind.
    """
    for part in parts:
        _require_fitting(store, part)
    dropped = frozenset(docid for part in parts for docid in part.docids())
    return _rewritten(store, dropped, (), parts)


def assembled(path: Path, kind: StoreKind, parts: Sequence[PatchStore], *, force: bool = False) -> None:
    """Write the documents of `parts`, stores of the same `kind`, as one store; errors are those of `written_store`."""
    with written_store(path, kind, force=force) as writer:
        _copy(parts, writer)


def _copy(parts: Sequence[PatchStore], writer: StoreWriter) -> None:
    for part in parts:
        for docid, coded in part.coded():
            writer.add_coded(docid, coded)


def _rewritten(
    store: PatchStore, dropped: frozenset[str], added: Iterable[Patches], parts: Sequence[PatchStore] = ()
) -> PatchStore:
    with locked(store.path, "`lexlip`"):
        if read_store_manifest(store.path) != store.manifest:
            raise InputError(f"{store.path} has changed since it was opened: open it again, and repeat the change")
        with written_store(store.path, store.manifest.kind, force=True) as writer:
            for docid, coded in store.coded():
                if docid not in dropped:
                    writer.add_coded(docid, coded)
            for docid, vectors in added:
                writer.add(docid, vectors)
            _copy(parts, writer)
        return PatchStore.open(store.path)


def _require_fitting(store: PatchStore, part: PatchStore) -> None:
    kinds = (store.manifest.kind, part.manifest.kind)
    if not kinds[0].fits(kinds[1]):
        theirs, ours = (", ".join(f"{name} {value}" for name, value in kind._asdict().items()) for kind in kinds)
        raise InputError(
            f"{part.path} has vectors of {ours}, but {store.path} of {theirs}: encode the pictures of the one with the "
            "model and the options of the other"
        )


def _require_all(store: PatchStore, docids: frozenset[str]) -> None:
    missing = store.lacking(sorted(docids))
    if missing:
        raise InputError(f"the patch store {store.path} lacks {missing[0]!r}, so it can't be taken out or replaced")
