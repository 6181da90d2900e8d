"""An index of documents whose visual words are given, without a model: the manifest says that they have some."""

from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.collection import write_shards
from lexlip_lucene.vectors.manifest import Manifest, ShardEntry, write_manifest
from lexlip_lucene.vectors.quantise import ROUNDING

CODES = 8192


def looks_collection(folder: Path, vectors: Mapping[str, Impacts], *, visual: bool = True) -> Path:
    """Write the collection of docid → vector; without `visual` nothing says that its vectors have visual words."""
    folder.mkdir()
    shards, _ = write_shards(folder, [Document(docid, "", vector) for docid, vector in vectors.items()])
    manifest = Manifest(
        side="image",
        model_sha256="0" * 64,
        vocabulary_sha256="1" * 64,
        scale=1.0,
        rounding=ROUNDING,
        bits=8,
        top_k=None,
        inputs=len(vectors),
        documents=len(vectors),
        empty=sum(not vector for vector in vectors.values()),
        postings=sum(map(len, vectors.values())),
        rejected=[],
        shards=[ShardEntry(**shard._asdict()) for shard in shards],
        **({"visual_sha256": "2" * 64, "visual_codes": CODES} if visual else {}),
    )
    write_manifest(folder, manifest)
    return folder


def looks_index(root: Path, vectors: Mapping[str, Impacts], *, visual: bool = True) -> Path:
    """Write the collection into `root / "collection"` and index it as `root / "index"`."""
    collection = looks_collection(root / "collection", vectors, visual=visual)
    ImpactIndex.build(collection, root / "index")
    return root / "index"
