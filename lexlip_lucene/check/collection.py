"""Checking a collection or a file of encoded queries: its files against its manifest, and that against itself."""

from pathlib import Path

from lexlip_lucene.check.kind import Checked, DamageError
from lexlip_lucene.check.listed_files import require_listed
from lexlip_lucene.data.shards import ENDINGS, find_shards
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.vectors.manifest import manifest_path, read_manifest


class CollectionKind:
    """A folder of shards."""

    name = "collection"

    def recognises(self, path: Path) -> bool:
        """Say if a manifest is beside the folder, or a shard somewhere in it."""
        return path.is_dir() and (
            manifest_path(path).exists() or any(file.name.lower().endswith(ENDINGS) for file in path.rglob("*.json*"))
        )

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare the shards with the manifest; errors as in `Kind`."""
        if not manifest_path(path).exists():
            find_shards(path)  # refuses what is not a collection at all
        there = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()}
        return _compared(path, path, {name for name in there if not name.startswith(".") and "/." not in name})


class QueryFileKind:
    """A file of encoded queries; only our own has a manifest."""

    name = "queries"

    def recognises(self, path: Path) -> bool:
        """Say if the name is that of a file that `lexlip search --encoded` reads."""
        is_manifest = path.name.endswith(".manifest.json")
        return path.is_file() and not is_manifest and without_gz(path).suffix.lower() in (".jsonl", ".json", ".tsv")

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare the file with its manifest; errors as in `Kind`."""
        return _compared(path, path.parent, {path.name})


def _compared(path: Path, folder: Path, there: set[str]) -> Checked:
    """Compare the files `there` in `folder` with the manifest of `path`."""
    try:
        manifest = read_manifest(path)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise
        raise DamageError(str(error)) from error
    if manifest is None:
        size = sum((folder / name).stat().st_size for name in there)
        return Checked(False, len(there), size, f"there is no {manifest_path(path).name} beside it to compare with")
    listed = {shard.name: shard.sha256 for shard in manifest.shards}
    files, size = require_listed(folder, listed, there, manifest_path(path))
    return Checked(True, files, size)
