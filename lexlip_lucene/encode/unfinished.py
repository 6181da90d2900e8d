"""The unfinished result of an encode run on disk, from which a run that was killed resumes.

    .photos.partial/settings.json           what the run encodes, with what
    .photos.partial/part-00007.json         counts, rejected inputs, sha256 of shard 7, once it is whole
    .photos.partial/shards/part-00007.jsonl
    .photos.partial/patches/part-00007/     its documents' patches, if they are kept (`patch_output.py`)

In the end `shards` becomes the collection, or its files, one after another, the file of encoded queries; then the
manifest is written, and the folder goes. Every file here appears whole or not at all, so a kill at any moment leaves
at most the work of the plan that were under way to be done again. A kill in the moment when `shards` has changed
places with an older collection leaves that one here, so the content says which of the two is the result.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from lexlip_lucene.encode.patch_output import PatchOutput
from lexlip_lucene.encode.result import (
    Completion,
    DoneShard,
    manifest_of,
    require_same_settings,
)
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.files.durable import make_folders, rename
from lexlip_lucene.files.location import Location
from lexlip_lucene.files.written import (
    remove_replaced,
    replace_folder,
    require_absent,
    sha256_of,
    system_errors_named,
    temporary_name,
)
from lexlip_lucene.late.store_changes import Patches
from lexlip_lucene.vectors.distinct_ids import require_distinct_ids
from lexlip_lucene.vectors.manifest import Manifest, ShardEntry, read_manifest, require_documents, write_manifest
from lexlip_lucene.vectors.query_file import is_query_file


class Unfinished:
    """The unfinished result of one run.

    Args:
        output: the place of the result; a name in `.jsonl` makes it a file of encoded queries.
        facts: the manifest's entries that are known before the run: model, inputs, quantisation.
        settings: the further values that the bytes of a shard depend on.
        plan: all shards, in order.
        patches: the patch store that is written beside the collection; None: none is.
    """

    def __init__(
        self,
        output: Path,
        *,
        facts: Mapping[str, Any],
        settings: Mapping[str, Any],
        plan: Sequence[PlannedShard],
        patches: PatchOutput | None = None,
    ) -> None:
        self.output = output
        self.facts = facts
        form = {} if patches is None else {"patches": [*patches.kind[:3], patches.form.clusters]}
        self.settings = {**facts, **settings, **form}
        self.patches = patches
        self.plan = plan
        self.folder = temporary_name(output)
        self.shards = self.folder / "shards"
        self.as_file = is_query_file(output)
        self._placed = False
        """True once the shards are in their place, which `completion` finds out."""

    def completion(self, *, resume: bool, force: bool) -> Completion:
        """Return how much of the result exists; nothing is changed.

        Raises:
            OutputError: the result exists, this run did not make it, and `force` is off.
            InputError: what is half done was begun with another model, other inputs or other settings.
        """
        if resume and self._is_whole():
            return Completion.WHOLE
        begun = self._begun_with() if resume else None
        if begun is not None:
            require_same_settings(self.folder, begun, self.settings)
            self._placed = self._is_in_place()
        if not self._placed:
            require_absent(self.output, force=force)
        if self.patches is not None:
            self.patches.require_place(force=force or begun is not None)
        return Completion.NONE if begun is None else Completion.PARTIAL

    def begin(self) -> None:
        """Clear away what an earlier run left, and say what this one is."""
        with system_errors_named(self.output, self.folder):
            self.clear()
            make_folders(self.shards)
            self._write(self._settings_file, orjson.dumps(self.settings))

    def keep(
        self, shard: PlannedShard, lines: Sequence[bytes], done: DoneShard, patches: Sequence[Patches] = ()
    ) -> None:
        """Write a shard and its documents' patches, then the record that it is whole."""
        with system_errors_named(self.output, self.folder):
            if lines:
                self._write(self.shards / shard.name, b"".join(lines))
            if self.patches is not None:
                self.patches.keep(self._part_of(shard), patches)
            self._write(self._facts_file(shard), orjson.dumps(done.model_dump()))

    def done(self, shard: PlannedShard) -> DoneShard | None:
        """Return the record of a shard, or None if the shard is not on disk as it was written."""
        done = self._facts_of(shard)
        file = self._file_of(shard)
        sha256 = sha256_of(file) if file.is_file() else hashlib.sha256().hexdigest()
        if done is None or sha256 != done.sha256:
            return None
        if self.patches is not None and not self.patches.has_kept(self._part_of(shard), done.documents):
            return None
        return done

    def manifest(self) -> Manifest:
        """Return the manifest of the result: every shard has been encoded.

        Raises:
            InputError: not one input could be read.
        """
        return require_documents(self._manifest())

    def finish(self, manifest: Manifest) -> None:
        """Put the result in its place, with `manifest` beside it, and clear away what led to it.

        Raises:
            InputError: an id is in two shards.
        """
        if "inputs" not in self.facts:  # those of a list are known to be distinct
            require_distinct_ids([Location(self._file_of(shard)) for shard in self.plan if self._has_file(shard)])
        with system_errors_named(self.output, self.folder):
            if self.patches is not None:
                self.patches.finish([self._part_of(shard) for shard in self.plan])
            if not self._placed:
                # An earlier manifest stays until the new one replaces it: shards that it does not fit are refused, and
                # shards without any would be taken as they are.
                self._put_in_place()
            write_manifest(self.output, manifest)
            remove_replaced(self.output)
            self.clear()

    def whole_manifest(self) -> Manifest:
        """Return the manifest beside a result that `completion` found whole."""
        manifest = read_manifest(self.output)
        assert manifest is not None, "completion() has read it"
        return manifest

    def clear(self) -> None:
        """Remove everything at the place of the unfinished result."""
        if self.folder.is_dir():
            self._settings_file.unlink(missing_ok=True)  # first: without it nothing here is taken for work that is done
            shutil.rmtree(self.folder)
        self.folder.unlink(missing_ok=True)

    @property
    def _settings_file(self) -> Path:
        return self.folder / "settings.json"

    def _part_of(self, shard: PlannedShard) -> Path:
        return self.folder / "patches" / Path(shard.name).stem

    def _facts_file(self, shard: PlannedShard) -> Path:
        return self.folder / Path(shard.name).with_suffix(".json")

    def _file_of(self, shard: PlannedShard) -> Path:
        return (self.output if self._placed and not self.as_file else self.shards) / shard.name

    def _has_file(self, shard: PlannedShard) -> bool:
        return self._file_of(shard).is_file()

    def _facts_of(self, shard: PlannedShard) -> DoneShard | None:
        try:
            return DoneShard.model_validate_json(self._facts_file(shard).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _begun_with(self) -> dict[str, Any] | None:
        try:
            begun: dict[str, Any] = orjson.loads(self._settings_file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        return begun

    def _is_whole(self) -> bool:
        """Return True if the result exists, made by such a run, with every shard as the manifest says."""
        manifest = read_manifest(self.output) if self.output.exists() else None
        if manifest is None or any(getattr(manifest, key) != value for key, value in self.facts.items()):
            return False
        if self.patches is not None and not self.patches.is_finished(manifest.documents):
            return False
        files = [self.output if self.as_file else self.output / shard.name for shard in manifest.shards]
        pairs = zip(files, manifest.shards, strict=True)
        return all(file.is_file() and sha256_of(file) == shard.sha256 for file, shard in pairs)

    def _is_in_place(self) -> bool:
        """Return True if the result exists but for its manifest."""
        if self.as_file:
            return self.output.is_file() and sha256_of(self.output) == self._sha256_of_all()
        done = [(shard.name, self._facts_of(shard)) for shard in self.plan]
        wanted = {name: facts.sha256 for name, facts in done if facts is not None and facts.documents}
        if not self.output.is_dir() or any(facts is None for _, facts in done):
            return False
        there = {file.name: file for file in self.output.iterdir()}
        return there.keys() == wanted.keys() and all(sha256_of(there[name]) == wanted[name] for name in wanted)

    def _put_in_place(self) -> None:
        if not self.as_file:
            replace_folder(self.shards, self.output)
            return
        whole = self.folder / self.output.name
        with whole.open("wb") as file:
            for shard in self._shard_files():
                file.write(shard.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        rename(whole, self.output)

    def _manifest(self) -> Manifest:
        manifest = manifest_of(self.facts, self.plan, [self.done(shard) for shard in self.plan])
        if not self.as_file:
            return manifest
        entry = ShardEntry(name=self.output.name, documents=manifest.documents, sha256=self._sha256_of_all())
        return manifest.model_copy(update={"shards": [entry]})

    def _shard_files(self) -> list[Path]:
        return [file for shard in self.plan if (file := self.shards / shard.name).is_file()]

    def _sha256_of_all(self) -> str:
        digest = hashlib.sha256()
        for shard in self._shard_files():
            digest.update(shard.read_bytes())
        return digest.hexdigest()

    def _write(self, path: Path, content: bytes) -> None:
        partial = self.folder / f"{path.name}.new"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
