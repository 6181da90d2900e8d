"""Checking a Lucene index: the checksum in the footer of each of its files, and the counts that its commit states."""

from pathlib import Path

from lexlip_lucene.check.kind import Checked, DamageError
from lexlip_lucene.lucene.index.integrity import IndexDamage, check_integrity


def check_index(index: Path) -> bool | None:
    """Return True for an index as it was written, None if nothing can be compared; errors as in `Kind.check`."""
    return IndexKind().check(index, full=False).compared or None


class IndexKind:
    """A folder that Lucene wrote, ours or others'."""

    name = "index"

    def recognises(self, path: Path) -> bool:
        """Say if a commit or the list of a segment's files is in the folder."""
        return path.is_dir() and any(any(path.glob(sign)) for sign in ("segments_*", "_*.si", "_*.cfs"))

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare every file of the latest commit; with `full`, also run Lucene's own CheckIndex.

        Errors as in `Kind`.
        """
        try:
            files, size = check_integrity(path, full=full)
        except IndexDamage as damage:
            raise DamageError(str(damage)) from damage
        return Checked(True, files, size)
