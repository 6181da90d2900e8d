"""An index of a photo folder, kept in step with it: what is new or changed is encoded, what is gone is dropped.

    photos.lexlip/collection/      the vectors, with collection.manifest.json beside it
    photos.lexlip/index/           the Lucene index of the collection
    photos.lexlip/ledger.json      the files that they were made from
    photos.lexlip/encoding/        vectors of a run that was cut short
    photos.lexlip/model/           the model with visual words that were learned from the photos (`looks.py`), if any

The folder is written under another name and takes its place in one step, so index, collection and ledger always agree.
The index is built again whenever something has changed: for 20,000 photos that takes some seconds.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.data.images import readable_formats
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.locked import locked
from lexlip_lucene.files.written import require_folder, restore_replaced, written_folder
from lexlip_lucene.photos.changes import Changes, Counts, changes_since, counts_of, why_again
from lexlip_lucene.photos.encoded import FOLDER, Encoded, EncodedParts
from lexlip_lucene.photos.encoding import encode_photos
from lexlip_lucene.photos.ledger import LEDGER_FILE, Ledger, read_ledger, write_ledger
from lexlip_lucene.photos.looks import LEARNED, MODEL, choose_looks, is_beside
from lexlip_lucene.photos.metadata import CAPTIONS, KEYWORDS, STORED
from lexlip_lucene.photos.model_choice import Chosen, Wanted, choose_model
from lexlip_lucene.photos.photo_collection import COLLECTION, keys_of, known_vectors, write_collection
from lexlip_lucene.photos.scan import PhotoFile, scan
from lexlip_lucene.progress import SILENT, Progress

if TYPE_CHECKING:
    from lexlip_lucene.lucene.index.options import IndexOptions

INDEX = "index"


@dataclass(frozen=True)
class PhotosReport:
    """An index of photos after a run.

    Attributes:
        home: the folder of index, collection and ledger.
        model: the folder of the model.
        counts: the documents that came, changed and went.
        documents: photos in the index; files of the folder = documents + rejected.
        encoded: photos that went through the model in this run.
        visual_words: number of visual words that photos may have; None without looks.
        rejected: id → the reason against a file that could not be read.
        hidden: files and folders that were passed over.
        seconds: of the run.
    """

    home: Path
    model: Path
    counts: Counts
    documents: int
    encoded: int
    visual_words: int | None
    rejected: dict[str, str]
    hidden: int
    seconds: float

    @property
    def index(self) -> Path:
        """The folder of the Lucene index."""
        return self.home / INDEX

    @property
    def collection(self) -> Path:
        """The folder of the collection."""
        return self.home / COLLECTION


def default_home(folder: Path) -> Path:
    """Return the place of a photo folder's index unless another is named: `photos.lexlip` beside `photos`."""
    whole = folder.resolve()
    if not whole.name:
        raise OutputError(f"{folder} has no folder beside it for the index: name one with --output")
    return whole.with_name(f"{whole.name}.lexlip")


def update_photos(
    folder: Path,
    home: Path,
    wanted: Wanted,
    *,
    outside: bool = False,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> PhotosReport:
    """Bring the index in `home` into step with the photos in `folder`.

    Args:
        folder: the photos; nothing in it is changed.
        home: the folder of the index; made if it does not exist.
        wanted: the model and what else vectors depend on.
        outside: also read what links lead to elsewhere.
        device: the torch device; "auto" is the GPU if present.
        force: encode all photos again, also if `home` is of another folder.
        progress: receives what is done.

    Raises:
        InputError: no such folder, no file in it, not one photo that can be read, or a file of `home` is damaged.
        OutputError: `home` is something else, can't be written, or another process writes it.
        ModelError: no such model.
        JavaError: no Java is installed; raised before anything is encoded.
    """
    begun = time.monotonic()
    require_folder(folder, "photo folder")
    _require_beside(folder, home)
    with locked(home, "`lexlip photos`"):
        return _updated(folder, home, wanted, begun, outside=outside, device=device, force=force, progress=progress)


def _updated(
    folder: Path,
    home: Path,
    wanted: Wanted,
    begun: float,
    *,
    outside: bool,
    device: str,
    force: bool,
    progress: Progress,
) -> PhotosReport:
    before = _ledger_of(folder, home, force=force)
    found = scan(folder, outside=outside)
    chosen = choose_model(wanted, before, device)
    chosen = choose_looks(chosen, wanted, before, found.files, home, device=device, progress=progress)
    valid = before if before is not None and before.settings == chosen.settings and not force else None
    if before is not None and valid is None:
        progress.note(f"all photos are encoded again: {why_again(before.settings, chosen.settings)}")
    formats = readable_formats()
    changes = changes_since(valid, found.files, formats=formats, progress=progress)
    ledger = Ledger(
        folder=str(folder.resolve()),
        model=chosen.name,
        settings=chosen.settings,
        formats=formats,
        files=changes.files,
    )
    encoded = 0
    if force:
        EncodedParts(home, ledger.settings, formats).clear()
    if not changes.same:
        from lexlip_lucene.lucene.jvm.class_archive import archiving

        with archiving():  # the query that follows starts faster
            encoded = _bring_into_step(home, ledger, valid, found.files, changes, chosen, device, progress)
    return PhotosReport(
        home=home,
        model=home / MODEL if is_beside(chosen.folder, home) else chosen.folder,
        counts=counts_of(before, ledger),
        documents=len(ledger.documents),
        encoded=encoded,
        visual_words=ledger.settings.visual_codes,
        rejected={id: entry.reason for id, entry in ledger.files.items() if entry.reason},
        hidden=found.hidden,
        seconds=time.monotonic() - begun,
    )


def _bring_into_step(
    home: Path,
    ledger: Ledger,
    before: Ledger | None,
    files: Mapping[str, PhotoFile],
    changes: Changes,
    chosen: Chosen,
    device: str,
    progress: Progress,
) -> int:
    """Encode, write and index; the ledger gets the reasons of what was rejected. Returns the photos encoded."""
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    start_jvm()
    parts = EncodedParts(home, ledger.settings, ledger.formats)
    done = parts.read()
    missing = {sha256: file for sha256, file in changes.unknown.items() if sha256 not in done}
    if missing:
        encode_photos(missing, chosen.folder, ledger.settings, parts, device=device, progress=progress)
        done = parts.read()
    for id, entry in ledger.files.items():
        if entry.sha256 in done:
            ledger.files[id] = entry._replace(reason=done[entry.sha256].reason)
    _write(home, ledger, before, files, done, chosen, progress)
    return sum(done[sha256].vector is not None for sha256 in missing)


def _write(
    home: Path,
    ledger: Ledger,
    before: Ledger | None,
    files: Mapping[str, PhotoFile],
    encoded: Mapping[str, Encoded],
    chosen: Chosen,
    progress: Progress,
) -> None:
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex

    known = known_vectors(home, before, encoded)
    with written_folder(home, force=True) as partial:
        write_collection(partial / COLLECTION, files, ledger, before, known, chosen.config, progress)
        there = keys_of(partial / COLLECTION)
        captions = {key: weight for key, weight in CAPTIONS.items() if key in there}
        kept: IndexOptions = {"store": STORED, "keywords": KEYWORDS, "captions": captions}
        ImpactIndex.build(partial / COLLECTION, partial / INDEX, progress=progress, **kept)
        if is_beside(chosen.folder, home):
            shutil.copytree(chosen.folder, partial / MODEL)
        write_ledger(partial, ledger)


def _require_beside(folder: Path, home: Path) -> None:
    if home.resolve().is_relative_to(folder.resolve()):
        raise OutputError(
            f"{home} lies in the photo folder {folder}, where the index would be read as photos: choose a "
            "place beside it with --output"
        )


def _ledger_of(folder: Path, home: Path, *, force: bool) -> Ledger | None:
    """Return the ledger in `home`, which is nothing, or an index of `folder`."""
    restore_replaced(home)
    ours = not home.exists() or any((home / name).exists() for name in (LEDGER_FILE, FOLDER, LEARNED))
    if not ours and not (home.is_dir() and not any(home.iterdir())):
        raise OutputError(
            f"{home} is there and is no index of photos (it has no {LEDGER_FILE}): choose another --output"
        )
    ledger = _readable_ledger(home, force=force)
    if ledger is None or ledger.folder == str(folder.resolve()) or not Path(ledger.folder).is_dir():
        return ledger
    if not force:
        raise OutputError(
            f"{home} is the index of {ledger.folder}: choose another --output, or replace it with --force"
        )
    return None


def _readable_ledger(home: Path, *, force: bool) -> Ledger | None:
    try:
        return read_ledger(home)
    except InputError:
        if not force:
            raise
        return None
