"""The difference between a photo folder and the ledger of its index: what is new, changed, renamed or gone.

A file of the same size and time of change is taken for the same. Otherwise its content decides, so a photo that was
moved, renamed or copied is not encoded again.
"""

from typing import NamedTuple

from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.photos.ledger import Entry, Ledger, Settings
from lexlip_lucene.photos.scan import NO_FILE, PhotoFile, content_of, why_not_openable
from lexlip_lucene.progress import Progress


class Changes(NamedTuple):
    """The files as they are now, beside the ledger.

    Attributes:
        files: id → its file; one that is not known to be rejected has no reason yet.
        unknown: SHA-256 of each content that has to be encoded → a file that has it.
        same: True if nothing has to be written.
    """

    files: dict[str, Entry]
    unknown: dict[str, PhotoFile]
    same: bool


class Counts(NamedTuple):
    """The documents that an index has more, with other content, and less than before."""

    added: int
    changed: int
    removed: int


def changes_since(
    ledger: Ledger | None, files: dict[str, PhotoFile], *, formats: tuple[str, ...], progress: Progress
) -> Changes:
    """Compare the files of a folder with its ledger.

    Args:
        ledger: of the index; None: nothing has been encoded, or nothing of it counts any more.
        files: id → file, as they are.
        formats: of the pictures that can be read now.
        progress: receives the files looked at.
    """
    before = ledger.files if ledger is not None else {}
    reasons = {entry.sha256: entry.reason for entry in before.values() if entry.sha256}
    if ledger is None or ledger.formats != formats:
        reasons = {sha256: "" for sha256, reason in reasons.items() if not reason}
    now: dict[str, Entry] = {}
    unknown: dict[str, PhotoFile] = {}
    for id, file in progress.track(files.items(), "looking for changes", len(files)):
        now[id] = _entry(file, before.get(id))
        sha256 = now[id].sha256
        if sha256 in reasons:
            now[id] = now[id]._replace(reason=reasons[sha256])
        elif sha256:
            unknown.setdefault(sha256, file)
    return Changes(now, unknown, same=ledger is not None and not unknown and now == before)


def counts_of(ledger: Ledger | None, now: Ledger) -> Counts:
    """Count the documents that came, changed and went between two ledgers; the first may be missing."""
    before = {} if ledger is None else {id: ledger.files[id] for id in ledger.documents}
    kept = now.documents & before.keys()
    return Counts(
        added=len(now.documents) - len(kept),
        changed=sum(now.files[id].sha256 != before[id].sha256 for id in kept),
        removed=len(before) - len(kept),
    )


def why_again(then: Settings, now: Settings) -> str:
    """Return why all photos are encoded again, in words: the settings that have changed, or --force."""
    before, after = then.model_dump(), now.model_dump()
    changed = [
        f"{key} was {before[key]}, now {after[key]}"
        for key in before
        if before[key] != after[key] and not key.startswith("visual_")
    ]
    if then.visual_sha256 != now.visual_sha256:
        reason = "without visual words" if now.visual_sha256 is None else "with visual words that were learned again"
        changed.append("with visual words" if then.visual_sha256 is None else reason)
    return "; ".join(changed) or "--force"


def _entry(file: PhotoFile, before: Entry | None) -> Entry:
    if not file.openable:
        return Entry(NO_FILE, NO_FILE, "", why_not_openable(file))
    if before is not None and before.sha256 and (before.size, before.modified) == (file.size, file.modified):
        return before._replace(reason="")
    try:
        return Entry(file.size, file.modified, content_of(file))
    except UnreadableImage as reason:
        return Entry(file.size, file.modified, "", str(reason))
