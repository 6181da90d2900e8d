"""Further shards of a collection that exists: those before stay as they are, byte for byte.

    photos/part-00000.jsonl                 the collection, whose shards are not touched
    .photos.partial/settings.json           what is added, with what (`unfinished.py`)
    .photos.partial/shards/part-00001.jsonl

In the end the new shards go into the collection, and then its manifest lists them. Until it does the collection is the
old one; a kill between the two leaves shards that the manifest does not list, and the next run lists or removes them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.data.shards import find_shards
from lexlip_lucene.encode.patch_output import PatchOutput
from lexlip_lucene.encode.result import Completion
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encode.unfinished import Unfinished
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.durable import rename
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.vectors.manifest import Manifest, manifest_path, read_manifest


class FurtherShards(Unfinished):
    """The unfinished shards that are added to a collection.

    Args:
        collection: the folder.
        before: its manifest, without the rejected inputs that are tried again.
        facts: the manifest's entries that are known before the run, of the new inputs only.
        settings: the further values that the bytes of a shard depend on.
        plan: the new shards.
        patches: the patch store that is added to, which has been checked; None: none is.
    """

    def __init__(
        self,
        collection: Path,
        before: Manifest,
        *,
        facts: Mapping[str, Any],
        settings: Mapping[str, Any],
        plan: Sequence[PlannedShard],
        patches: PatchOutput | None = None,
    ) -> None:
        onto = sha256_of(manifest_path(collection))
        settings = {**settings, "manifest_sha256": onto}
        super().__init__(collection, facts=facts, settings=settings, plan=plan, patches=patches)
        self.before = before

    def completion(self, *, resume: bool, force: bool) -> Completion:
        """Return how much of the new shards exists: what was begun with the same inputs and settings counts.

        Raises:
            InputError: the collection has a file that neither its manifest lists nor a run that was killed left.
        """
        known = {shard.name for shard in self.before.shards} | self._left_by_a_kill()
        for file in find_shards(self.output).paths:
            if file.relative_to(self.output).as_posix() not in known:
                raise InputError(f"{file} is there, but not in {manifest_path(self.output)}: move it out")
        return Completion.PARTIAL if self._begun_with() == self.settings else Completion.NONE

    def clear(self) -> None:
        """Remove the unfinished shards, also those that a kill left in the collection."""
        manifest = read_manifest(self.output)
        listed = {shard.name for shard in manifest.shards} if manifest is not None else set()
        for name in self._left_by_a_kill() - listed:
            (self.output / name).unlink()
        super().clear()

    def manifest(self) -> Manifest:
        """Return the manifest of the whole collection."""
        before, added = self.before, self._manifest()
        return before.model_copy(
            update={
                "inputs": before.inputs + added.inputs,
                "inputs_sha256": hashlib.sha256(f"{before.inputs_sha256} {added.inputs_sha256}".encode()).hexdigest(),
                "documents": before.documents + added.documents,
                "empty": before.empty + added.empty,
                "postings": before.postings + added.postings,
                "rejected": [*before.rejected, *added.rejected],
                "shards": [*before.shards, *added.shards],
            }
        )

    def _file_of(self, shard: PlannedShard) -> Path:
        placed = self.output / shard.name
        return placed if placed.exists() else self.shards / shard.name

    def _left_by_a_kill(self) -> set[str]:
        """Return the shards in the collection that this run, or another one that was cut short, has put there."""
        return {
            name
            for facts in self.folder.glob("part-*.json")
            if (self.output / (name := f"{facts.stem}.jsonl")).is_file()
            and sha256_of(self.output / name) == orjson.loads(facts.read_bytes())["sha256"]
        }

    def _put_in_place(self) -> None:
        for file in self._shard_files():
            rename(file, self.output / file.name)
