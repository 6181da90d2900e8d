"""Checking a patch store: its files against its manifest, and that against itself."""

from pathlib import Path

from lexlip_lucene.check.kind import Checked, DamageError
from lexlip_lucene.check.listed_files import require_listed
from lexlip_lucene.errors import InputError
from lexlip_lucene.late.document_table import DOCUMENTS, IDS
from lexlip_lucene.late.store_manifest import MANIFEST, VECTORS, read_store_manifest


class PatchStoreKind:
    """A folder that `lexlip encode images --patches` wrote."""

    name = "patch store"

    def recognises(self, path: Path) -> bool:
        """Say if one of a store's files is in the folder."""
        return path.is_dir() and any((path / sign).exists() for sign in (MANIFEST, VECTORS, DOCUMENTS, IDS))

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare every file that the manifest names; errors as in `Kind`."""
        try:
            manifest = read_store_manifest(path)
        except InputError as error:
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
                raise
            raise DamageError(str(error)) from error
        listed = {name: entry.sha256 for name, entry in manifest.files.items()}
        there = {file.name for file in path.iterdir() if file.name != MANIFEST and not file.name.startswith(".")}
        files, size = require_listed(path, listed, there, path / MANIFEST)
        return Checked(True, files + 1, size + (path / MANIFEST).stat().st_size)
