"""Image search on the inverted index of text search: LexLIP encoders, Lucene impact indexes, Pyserini beside them.

The names of `__all__` are the public interface; everything else may change. Importing this loads neither torch nor a
JVM: a name loads what it needs when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.records import Hit

if TYPE_CHECKING:
    from lexlip_lucene.encode.encode import encode_images, encode_texts
    from lexlip_lucene.encode.zero_shot import classify_images
    from lexlip_lucene.encoders.explain.patch_maps import patch_maps
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
    from lexlip_lucene.lucene.index.bm25_index import build_bm25
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.lucene.index.options import IndexOptions
    from lexlip_lucene.lucene.jvm.jvm import start_jvm
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
    from lexlip_lucene.search.explanation import compare
    from lexlip_lucene.training.run.train import train

_HOMES = {
    "Approximation": "lucene.search.approximation",
    "Bm25Searcher": "lucene.search.bm25_searcher",
    "ImpactIndex": "lucene.index.impact_index",
    "ImpactSearcher": "lucene.search.impact_searcher",
    "IndexOptions": "lucene.index.options",
    "LexLip": "encoders.model.lexlip",
    "LexLipQueryEncoder": "encoders.query.query_encoder",
    "build_bm25": "lucene.index.bm25_index",
    "classify_images": "encode.zero_shot",
    "compare": "search.explanation",
    "encode_images": "encode.encode",
    "encode_texts": "encode.encode",
    "patch_maps": "encoders.explain.patch_maps",
    "start_jvm": "lucene.jvm.jvm",
    "train": "training.run.train",
}

__all__ = [
    "Approximation",
    "Bm25Searcher",
    "Hit",
    "ImpactIndex",
    "ImpactSearcher",
    "IndexOptions",
    "LexLip",
    "LexLipQueryEncoder",
    "LexlipError",
    "build_bm25",
    "classify_images",
    "compare",
    "encode_images",
    "encode_texts",
    "patch_maps",
    "start_jvm",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
