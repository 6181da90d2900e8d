"""The collection of an index of photos: the vectors that it had and the new ones, each with its photo's metadata."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.data.shards import documents_in
from lexlip_lucene.encode.inputs_hash import hash_of_images
from lexlip_lucene.encoders.model.model_config import ModelConfig
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.photos.encoded import Encoded
from lexlip_lucene.photos.ledger import Ledger
from lexlip_lucene.photos.metadata import Metadata, metadata_of, words_of
from lexlip_lucene.photos.scan import PhotoFile
from lexlip_lucene.progress import Progress
from lexlip_lucene.vectors.collection import SHARD_DOCUMENTS, shards_of
from lexlip_lucene.vectors.manifest import Manifest, Rejected, ShardEntry, write_manifest
from lexlip_lucene.vectors.quantise import ROUNDING, Quantiser

COLLECTION = "collection"

_MADE_AGAIN = ("id", "contents", "vector", "words")
"""Keys of a line that are not kept as a photo's metadata."""


class Known(NamedTuple):
    """A vector as it is written, its number of tokens, and the metadata of the photo that it was read of, by id."""

    vector: orjson.Fragment
    postings: int
    metadata: Mapping[str, Metadata]


def known_vectors(home: Path, ledger: Ledger | None, encoded: Mapping[str, Encoded]) -> dict[str, Known]:
    """Return SHA-256 of a content → its vector: of the collection in `home`, whose ledger is given, and the new ones.

    Raises:
        InputError: the collection can't be read, or lacks a document of the ledger.
    """
    known: dict[str, Known] = {}
    for record in _lines(home / COLLECTION) if ledger is not None else ():
        assert ledger is not None
        entry = ledger.files.get(record["id"])
        if entry is None or entry.reason:
            raise InputError(
                f"{home}: document {record['id']!r} is not in its ledger: --force encodes all photos again"
            )
        metadata = {key: value for key, value in record.items() if key not in _MADE_AGAIN}
        before = known.get(entry.sha256)
        others = {} if before is None else before.metadata
        known[entry.sha256] = _known(record["vector"], {**others, record["id"]: metadata})
    for each in encoded.values():
        if each.vector is not None:
            known.setdefault(each.sha256, _known(each.vector, {}))
    return known


def keys_of(folder: Path) -> set[str]:
    """Return the keys that a line of a collection has."""
    return {key for record in _lines(folder) for key in record}


def write_collection(
    folder: Path,
    files: Mapping[str, PhotoFile],
    ledger: Ledger,
    before: Ledger | None,
    known: Mapping[str, Known],
    config: ModelConfig,
    progress: Progress,
) -> Manifest:
    """Write the collection `folder` and its manifest.

    Args:
        folder: to be made; its place may be a temporary one.
        files: id → file.
        ledger: of these files, complete.
        before: of the collection that `known` was read from; the metadata of files that are the same is kept.
        known: SHA-256 of a content → its vector.
        config: of the model that made the vectors.
        progress: receives the photos written.

    Raises:
        InputError: not one photo could be read.
    """
    rejected = [_rejected(files[id], entry.reason) for id, entry in ledger.files.items() if entry.reason]
    ids = sorted(ledger.documents)
    if not ids:
        first = f"; the first of {len(rejected)} rejected: {rejected[0].file}: {rejected[0].reason}"
        raise InputError(f"nothing to encode: not one input could be read{first}")
    folder.mkdir()
    same = {} if before is None else before.files
    lines = (
        _line(files[id], known[ledger.files[id].sha256], same=same.get(id) == ledger.files[id])
        for id in progress.track(ids, "writing the collection", len(ids))
    )
    shards = _write_shards(folder, lines)
    postings = [known[ledger.files[id].sha256].postings for id in ids]
    manifest = Manifest(
        **_facts(ledger, config),
        inputs=len(files),
        inputs_sha256=hash_of_images([file.image for file in files.values()]),
        documents=len(ids),
        empty=postings.count(0),
        postings=sum(postings),
        rejected=rejected,
        shards=shards,
    )
    write_manifest(folder, manifest)
    return manifest


def _facts(ledger: Ledger, config: ModelConfig) -> dict[str, Any]:
    settings = ledger.settings
    assert config.ceilings is not None, "photos were encoded with this model"
    quantiser = Quantiser(config.ceilings.image, settings.bits, settings.top_k)
    return {
        "side": "image",
        "model_sha256": settings.model_sha256,
        "vocabulary_sha256": config.lexicon.sha256,
        "scale": quantiser.scale,
        "rounding": ROUNDING,
        "bits": quantiser.bits,
        "top_k": quantiser.top_k,
        "max_pixels": settings.max_pixels,
        "allow_truncated": settings.allow_truncated,
        "visual_sha256": settings.visual_sha256,
        "visual_codes": settings.visual_codes,
    }


def _known(vector: Mapping[str, int], metadata: Mapping[str, Metadata]) -> Known:
    return Known(orjson.Fragment(orjson.dumps(vector)), len(vector), metadata)


def _line(file: PhotoFile, known: Known, *, same: bool) -> bytes:
    id = file.image.id
    metadata = known.metadata[id] if same and id in known.metadata else metadata_of(file)
    words = " ".join(words_of(id))  # also of a photo whose metadata is kept: it may have been written by other rules
    record = {"id": id, "contents": file.image.path.name, "vector": known.vector, "words": words, **metadata}
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _write_shards(folder: Path, lines: Iterator[bytes]) -> list[ShardEntry]:
    shards: list[ShardEntry] = []
    while part := [line for _, line in zip(range(SHARD_DOCUMENTS), lines, strict=False)]:
        path = folder / f"part-{len(shards):05d}.jsonl"
        path.write_bytes(b"".join(part))
        shards.append(ShardEntry(name=path.name, documents=len(part), sha256=sha256_of(path)))
    return shards


def _lines(collection: Path) -> Iterator[dict[str, Any]]:
    for shard in shards_of(collection):
        for where, line in documents_in(shard, "collection"):
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{where}: a line of JSON is needed: {error}") from None


def _rejected(file: PhotoFile, reason: str) -> Rejected:
    return Rejected(file.image.id, os.fsencode(file.image.path).decode(errors="backslashreplace"), reason)
