"""The unfinished result of an encode run at a URL, from which a run on any machine resumes.

    s3://bucket/photos/part-00007.jsonl            shard 7, in its place from the beginning
    s3://bucket/photos.partial/settings.json       what the run encodes, with what
    s3://bucket/photos.partial/part-00007.json     the record of shard 7, written after it
    s3://bucket/photos.manifest.json               written last: with it the collection is whole

An object store has no rename, so `--force` takes the earlier manifest away first, and then its shards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from lexlip_lucene.encode.result import (
    Completion,
    DoneShard,
    manifest_of,
    require_same_settings,
)
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.files.replaced_url import require_replaceable
from lexlip_lucene.late.store_changes import Patches
from lexlip_lucene.vectors.distinct_ids import require_distinct_ids
from lexlip_lucene.vectors.manifest import SHARD_NAMES, Manifest, manifest_bytes, parsed_manifest, require_documents


class UnfinishedAtUrl:
    """The unfinished result of one run, whose collection is at a URL.

    Args:
        output: the place of the collection.
        facts: the manifest's entries that are known before the run.
        settings: the further values that the bytes of a shard depend on.
        plan: all shards, in order.
    """

    def __init__(
        self, output: Location, *, facts: Mapping[str, Any], settings: Mapping[str, Any], plan: Sequence[PlannedShard]
    ) -> None:
        self.output = output
        self.facts = facts
        self.settings = {**facts, **settings}
        self.plan = plan
        self.folder = output.beside(".partial")
        self._manifest_file = output.beside(".manifest.json")

    def completion(self, *, resume: bool, force: bool) -> Completion:
        """Return how much of the result exists; as in `Result`."""
        manifest = parsed_manifest(self._manifest_file.read(), self._manifest_file) if self._is_finished() else None
        if resume and manifest is not None and self._made(manifest):
            return Completion.WHOLE
        begun = self._read("settings.json")
        if begun is not None and resume:
            require_same_settings(self.folder, orjson.loads(begun), self.settings)
            return Completion.PARTIAL
        if not force and (manifest is not None or (begun is None and self.output.is_folder())):
            raise OutputError(f"{self.output} exists already: choose another name, or overwrite it with --force")
        require_replaceable(self.output, SHARD_NAMES, "a collection")
        require_replaceable(self.folder, r"settings\.json|part-\d+\.json", "an unfinished collection")
        return Completion.NONE

    def begin(self) -> None:
        """Remove an earlier collection, its manifest first, and say what this run is."""
        self.clear()
        self._manifest_file.remove()
        self.output.remove()
        self.folder.child("settings.json").write(orjson.dumps(self.settings))

    def keep(
        self, shard: PlannedShard, lines: Sequence[bytes], done: DoneShard, patches: Sequence[Patches] = ()
    ) -> None:
        """Write a shard to its place, then the record that it is whole."""
        if lines:
            self.output.child(shard.name).write(b"".join(lines))
        self.folder.child(_record_name(shard)).write(orjson.dumps(done.model_dump()))

    def done(self, shard: PlannedShard) -> DoneShard | None:
        """Return the record of a shard, or None if there is none, or the shard has another size than it says."""
        content = self._read(_record_name(shard))
        try:
            done = None if content is None else DoneShard.model_validate_json(content)
        except ValidationError:
            return None
        if done is None or (done.documents and self._size(shard) != done.bytes):
            return None
        return done

    def manifest(self) -> Manifest:
        """Return the manifest of the result: every shard has been encoded; errors as in `Result`."""
        return require_documents(manifest_of(self.facts, self.plan, [self.done(shard) for shard in self.plan]))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and clear away what led to it; errors as in `Result`."""
        if "inputs" not in self.facts:  # those of a list are known to be distinct
            require_distinct_ids([self.output.child(shard.name) for shard in manifest.shards])
        self._manifest_file.write(manifest_bytes(manifest))
        self.clear()

    def whole_manifest(self) -> Manifest:
        """Return the manifest beside a result that `completion` found whole."""
        return parsed_manifest(self._manifest_file.read(), self._manifest_file)

    def clear(self) -> None:
        """Remove the records of the run."""
        self.folder.child("settings.json").remove()  # first: without it no record is taken for work that is done
        self.folder.remove()

    def _is_finished(self) -> bool:
        return self._manifest_file.exists()

    def _made(self, manifest: Manifest) -> bool:
        """Say if such a run made the collection of this manifest, and all its shards are there."""
        if any(getattr(manifest, key) != value for key, value in self.facts.items()):
            return False
        there = set(self.output.files()) if manifest.shards else set()
        return all(shard.name in there for shard in manifest.shards)

    def _read(self, name: str) -> bytes | None:
        file = self.folder.child(name)
        return file.read() if file.exists() else None

    def _size(self, shard: PlannedShard) -> int | None:
        try:
            return self.output.child(shard.name).size()
        except InputError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise


def _record_name(shard: PlannedShard) -> str:
    return f"{shard.name.removesuffix('.jsonl')}.json"
