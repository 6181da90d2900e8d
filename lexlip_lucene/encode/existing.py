"""A collection that images are added to: its manifest, and the ids that it has."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_folder
from lexlip_lucene.vectors.manifest import Manifest, manifest_path, read_manifest
from lexlip_lucene.vectors.query_file import is_query_file

_OF_THE_INPUTS = ("inputs", "inputs_sha256")


class ExistingCollection(NamedTuple):
    """A collection that `encode` wrote, every shard as its manifest says."""

    folder: Path
    manifest: Manifest
    ids: Collection[str]

    @property
    def first_free(self) -> int:
        """Return the number of the first shard that can be added."""
        numbers = [int(Path(shard.name).stem.removeprefix("part-")) for shard in self.manifest.shards]
        return 1 + max(numbers, default=-1)

    def lacking(self, images: Sequence[CaptionedImage]) -> list[CaptionedImage]:
        """Return the images that no document is of; one that was rejected before is among them."""
        return [image for image in images if image.id not in self.ids]

    def without_rejected(self, images: Sequence[CaptionedImage]) -> "ExistingCollection":
        """Return the collection with a manifest from which the rejected inputs are gone that `images` has again."""
        again = {image.id for image in images}
        rejected = [each for each in self.manifest.rejected if each.id not in again]
        inputs = self.manifest.documents + len(rejected)
        return self._replace(manifest=self.manifest.model_copy(update={"rejected": rejected, "inputs": inputs}))

    def require_same(self, facts: Mapping[str, Any]) -> None:
        """Raise InputError unless the collection was encoded by the same model and with the same settings.

        A compiled tower counts as the one that it was compiled from.
        """
        for key, value in facts.items():
            was = getattr(self.manifest, key)
            if key not in _OF_THE_INPUTS and _uncompiled(was) != _uncompiled(value):
                raise InputError(
                    f"{self.folder} was encoded with {key} {was}, but this run has {value}: add to it with the same "
                    "model and options, or encode all images again with --force"
                )


def read_existing(collection: Path) -> ExistingCollection:
    """Read the collection that images are to be added to.

    Raises:
        InputError: it is a file of encoded queries, does not exist, has no manifest, or is not as that says.
    """
    if is_query_file(collection):
        raise InputError(f"{collection} is the name of a file of encoded queries: images are added to a collection")
    require_folder(collection, "collection")
    manifest = read_manifest(collection)
    if manifest is None:
        raise InputError(
            f"{manifest_path(collection)} is missing, so nothing says which model encoded {collection}: images are "
            "added to a collection that `lexlip encode images` wrote"
        )
    ids: set[str] = set()
    for shard in manifest.shards:
        path = collection / shard.name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != shard.sha256:
            raise InputError(
                f"{path} is missing, or is not the file that {manifest_path(collection)} lists (another SHA-256): "
                "encode all images again with --force"
            )
        ids.update(orjson.loads(line)["id"] for line in content.splitlines())
    return ExistingCollection(collection, manifest, ids)


def _uncompiled(value: Any) -> Any:
    return value.removesuffix(", compiled") if isinstance(value, str) else value
