"""The facts of an index when collections are put into it: what their manifests say about what made the vectors.

Of two manifests only what both say stays a fact of the index; vectors of two models, vocabularies or scales have scores
that mean nothing side by side, so they are refused. `manifest_sha256` is a fact as long as the index is one collection.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.search.caption_fields import CAPTIONS_FACT, ENTITIES_FACT
from lexlip_lucene.vectors.manifest import Manifest, manifest_path
from lexlip_lucene.words.visual_words import VISUAL_CODES_FACT, VISUAL_FACT

_FROM_MANIFEST = ("side", "model_sha256", "vocabulary_sha256", "scale", "rounding", "bits", "top_k")
_PARTS = (ENTITIES_FACT, VISUAL_FACT, VISUAL_CODES_FACT)
"""Parts that some documents have beside words: one collection that has them is enough."""

_MUST_AGREE = ("model_sha256", "vocabulary_sha256", "scale", VISUAL_FACT)
_COUNTED = ("kind", "schema_version", "documents", "empty", "postings", "keywords", CAPTIONS_FACT)
OF_ONE_COLLECTION = "manifest_sha256"


def lasting(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that outlast a commit."""
    return {key: value for key, value in facts.items() if key not in _COUNTED}


def manifest_facts(collection: Path, manifest: Manifest | None) -> dict[str, str]:
    """Return what the manifest of `collection` says; {} when it has none."""
    if manifest is None:
        return {}
    facts = {key: getattr(manifest, key) for key in _FROM_MANIFEST + _PARTS}
    facts[OF_ONE_COLLECTION] = sha256_of(manifest_path(collection))
    return {key: str(value) for key, value in facts.items() if value is not None}


def stated_sha256(
    collection: Path, manifest: Manifest | None, shards: Sequence[Path], *, verify: bool
) -> dict[Path, str]:
    """Return shard → the SHA-256 that it must have; "" where nothing says so, or `verify` is off.

    Raises:
        InputError: with `verify`, the manifest lists other files than there are.
    """
    if manifest is None or not verify:
        return dict.fromkeys(shards, "")
    listed = {collection / shard.name: shard.sha256 for shard in manifest.shards}
    for shard in sorted(listed.keys() ^ set(shards)):
        there = "is there, but not in" if shard in shards else "is missing, but listed in"
        raise InputError(
            f"{shard} {there} {manifest_path(collection)}: encode the collection again, or index it as it is with "
            "--no-verify"
        )
    return listed


def require_manifest_counts(collection: Path, manifest: Manifest | None, counts: tuple[int, int, int]) -> None:
    """Raise InputError when `collection` has a manifest that states other documents, empty ones and postings."""
    if manifest is None:
        return
    stated = (manifest.documents, manifest.empty, manifest.postings)
    if stated != counts:
        raise InputError(
            f"{manifest_path(collection)} states documents, empty, postings {stated}, but {collection} has "
            f"{counts}: encode the collection again, or remove the manifest of another"
        )


def combined(index: Path, facts: Mapping[str, str], collection: Path, added: Mapping[str, str]) -> dict[str, str]:
    """Return the facts of `index` (`facts`) once `collection` (`added`) is in it.

    Raises:
        InputError: the two were made by different models, vocabularies, scales or visual lexicons.
    """
    for key in _MUST_AGREE:
        if key in facts and key in added and facts[key] != added[key]:
            raise InputError(
                f"{index} has vectors of {key} {facts[key]}, but {collection} has {added[key]}, and their scores can't "
                "be compared: make an index of its own"
            )
    kept = {key: value for key, value in facts.items() if key != OF_ONE_COLLECTION}
    agreed = {key: value for key, value in kept.items() if added.get(key, value) == value}
    return agreed | {key: added[key] for key in _PARTS if key in added}
