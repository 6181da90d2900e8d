"""An index and the patch store of its pictures, changed together: `lexlip index … --patches STORE`.

The store may have a document that the index lacks, since no search asks for it, but not lack one that the index has. So
documents go into the store first, and out of the index first. A kill in between leaves such a store, and the same
command again ends the change.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.cli.open_index import facts_of, open_impacts
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.late.patch_store import PatchStore
    from lexlip_lucene.search.searcher import Searcher


def open_patches(index: Path, store: Path) -> "PatchStore":
    """Open the patch store of an index; InputError if it is of another model than the index's vectors."""
    from lexlip_lucene.late.patch_store import PatchStore

    return PatchStore.open(store, model_sha256=facts_of(index).get("model_sha256"))


def still_there(index: Path, store: "PatchStore", docids: Sequence[str]) -> list[str]:
    """Return those of `docids`, which are to be deleted from both, that the index still has.

    An earlier run may have been killed between the index and the store: then only the store still has a document. No
    such run leaves a document that the store lacks, so that is an error.

    Raises:
        InputError: the store lacks one of them, which is named.
    """
    missing = store.lacking(docids)
    if missing:
        raise InputError(
            f"the patch store {store.path} lacks {missing[0]!r}, so nothing is deleted: leave it out if it was deleted "
            "before, or leave out --patches to delete from the index only"
        )
    with open_impacts(index) as searcher:
        return [docid for docid in docids if _has(searcher, docid)]


def _has(searcher: "Searcher", docid: str) -> bool:
    try:
        searcher.stored(docid)
    except InputError:
        return False
    return True


def require_patches_of(collection: Path, patches: "PatchStore") -> None:
    """Raise InputError unless `patches` has every document of the collection, and no other."""
    from lexlip_lucene.vectors.collection import read_collection

    docids = [document.id for document in read_collection(collection)]
    missing = patches.lacking(docids)
    if missing or patches.documents != len(docids):
        found = f"it lacks {missing[0]!r}" if missing else f"it has {patches.documents}"
        raise InputError(
            f"the patch store {patches.path} must have the {len(docids)} documents of {collection}, but {found}: give "
            "the one that was written with this collection"
        )
