"""Checking whatever is at a path: `lexlip check`."""

from pathlib import Path

from lexlip_lucene.check.collection import CollectionKind, QueryFileKind
from lexlip_lucene.check.index import IndexKind
from lexlip_lucene.check.kind import Kind
from lexlip_lucene.check.model import ModelKind
from lexlip_lucene.check.patch_store import PatchStoreKind
from lexlip_lucene.check.tagger import TaggerKind
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import restore_replaced

KINDS: tuple[Kind, ...] = (IndexKind(), TaggerKind(), ModelKind(), PatchStoreKind(), CollectionKind(), QueryFileKind())
"""Asked in this order; the first that recognises a path checks it."""


def kind_of(path: Path) -> Kind:
    """Return the kind of what is at `path`.

    Raises:
        InputError: the path does not exist, or has nothing that carries checksums.
    """
    restore_replaced(path)
    try:
        found = next((kind for kind in KINDS if kind.recognises(path)), None)
    except OSError as error:
        raise InputError(f"can't read {error.filename or path}: {error.strerror}") from error
    if found is None and not path.exists():
        raise InputError(f"check: no such file or folder: {path}")
    if found is None:
        names = ", ".join(kind.name for kind in KINDS)
        raise InputError(f"{path} is nothing that can be checked ({names}): name one of these")
    return found
