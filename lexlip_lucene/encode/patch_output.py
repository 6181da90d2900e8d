"""The patch store of an encode run: kept shard by shard beside the collection's shards, until both are whole.

.photos.partial/patches/part-00007/     the patches of shard 7, as a store
"""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.errors import InputError, ModelError, OutputError
from lexlip_lucene.files.durable import make_folders
from lexlip_lucene.files.written import require_absent
from lexlip_lucene.integers import as_count
from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.patch_code import patch_code
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_changes import Patches, assembled, joined
from lexlip_lucene.late.store_manifest import StoreKind
from lexlip_lucene.late.store_writer import require_replaceable, written_store
from lexlip_lucene.vectors.query_file import is_query_file


class PatchForm(NamedTuple):
    """The form in which a picture's patches are kept.

    Attributes:
        code: its name (`late/patch_code.py`).
        clusters: most vectors of a picture, the centres of clusters of its patches; None: all patches.
    """

    code: str = "int4"
    clusters: int | None = 12

    def checked(self) -> "PatchForm":
        """Return it; InputError if there is no such code, or `clusters` is below 1."""
        clusters = None if self.clusters is None else as_count(self.clusters, "the number of patch clusters")
        return PatchForm(patch_code(self.code).name, clusters)


SMALL = PatchForm()
"""792 bytes a picture of 12 or more patches of width 128."""


@dataclass(frozen=True)
class PatchOutput:
    """The place and the kind of the store.

    Attributes:
        path: the store's folder.
        kind: of its vectors.
        form: of a picture's patches.
        onto: add to the store that is there, as the run adds to a collection.
    """

    path: Path
    kind: StoreKind
    form: PatchForm
    onto: bool = False

    def require_place(self, *, force: bool) -> None:
        """Raise OutputError if something else than a store is in its place, or a store and `force` is off."""
        require_absent(self.path, force=force)
        require_replaceable(self.path)

    def require_old(self, docids: Collection[str]) -> None:
        """Raise InputError unless the store that is added to is of this kind, with all documents of its collection.

        Args:
            docids: of the collection.
        """
        with PatchStore.open(self.path, model_sha256=self.kind.model_sha256) as store:
            self._require_fitting(store)
            missing = store.lacking(docids)
        if missing:
            raise InputError(
                f"{self.path} lacks {len(missing)} of the collection's {len(docids)} documents, the first of them "
                f"{missing[0]!r}: give the store that was written with it, or encode all images again with --force"
            )

    def _require_fitting(self, store: PatchStore) -> None:
        kept = store.manifest.kind
        if kept[:3] != self.kind[:3]:
            raise InputError(
                f"{self.path} has vectors of {kept.width} numbers in {kept.code}, but this run makes "
                f"{self.kind.width} in {self.kind.code}: give the same --patch-code"
            )
        if not kept.fits(self.kind):
            raise InputError(
                f"{self.path} has {_most(kept)} of a picture, but this run makes {_most(self.kind)}: give the same "
                "--patch-clusters"
            )

    def is_finished(self, documents: int) -> bool:
        """Return True if the store is in its place, with so many documents."""
        try:
            with PatchStore.open(self.path) as store:
                return store.manifest.kind.fits(self.kind) and store.documents == documents
        except InputError:
            return False

    def keep(self, part: Path, patches: Sequence[Patches]) -> None:
        """Write the patches of a shard, which becomes the folder `part` when it is whole."""
        make_folders(part.parent)
        with written_store(part, self.kind, force=True) as writer:
            for docid, vectors in patches:
                kept = vectors if self.form.clusters is None else clustered(vectors, self.form.clusters)
                writer.add(docid, kept)

    def has_kept(self, part: Path, documents: int) -> bool:
        """Return True if the part is on disk as it was written, with so many documents."""
        try:
            with PatchStore.open(part) as store:
                store.verify()
                return store.manifest.kind.fits(self.kind) and store.documents == documents
        except InputError:
            shutil.rmtree(part, ignore_errors=True)
            return False

    def finish(self, parts: Sequence[Path]) -> None:
        """Put the store of all `parts` in its place; a second time changes nothing."""
        stores = [PatchStore.open(part) for part in parts]
        if self.onto:
            joined(PatchStore.open(self.path), stores).close()
        else:
            assembled(self.path, self.kind, stores, force=True)


def patch_output(model: LexLip, output: Path, store: Path, form: PatchForm, *, onto: bool) -> PatchOutput:
    """Return the patch store of a run of `model` whose collection is `output`.

    Raises:
        InputError: `output` is no collection, or the form has no such code, or no cluster.
        OutputError: one of `output` and `store` is the other, or lies in it.
        ModelError: the model has no late head.
    """
    _require_beside(output, store)
    if model.config.late is None:
        raise ModelError(f"model {model.config.name} has no patch vectors: train it with late in its recipe")
    form = form.checked()
    return PatchOutput(
        store, StoreKind(model.sha256, model.config.late.width, form.code, form.clusters or 0), form, onto
    )


def whole_output(model: LexLip, visual: VisualLexicon | None, output: Path, store: Path, *, onto: bool) -> PatchOutput:
    """Return the store of whole-picture vectors of a run whose collection is `output`: one of each, a byte a number.

    It depends on the backbone only, so it stays valid when the lexicon is trained again.

    Raises:
        InputError: `output` is no collection, or no visual words are encoded, which find what the store orders.
        OutputError: one of `output` and `store` is the other, or lies in it.
    """
    if visual is None:
        raise InputError("--whole is the second stage of a search by looks: give --visual with it")
    _require_beside(output, store)
    kind = StoreKind(visual.made_of.backbone_sha256, model.image.tower.width, "int8", 1)
    return PatchOutput(store, kind, PatchForm("int8", 1), onto)


def _require_beside(output: Path, store: Path) -> None:
    if is_query_file(output):
        raise InputError(f"a store is kept of documents, but {output} is to be encoded queries: name a collection")
    first, second = output.resolve(), store.resolve()
    if first.is_relative_to(second) or second.is_relative_to(first):
        raise OutputError(f"the store {store} and the collection {output} must be folders beside each other")


def _most(kind: StoreKind) -> str:
    return f"at most {kind.clusters} vectors" if kind.clusters else "all patches"
