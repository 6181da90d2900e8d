"""Image search on the inverted index of text search: LexLIP encoders, Lucene impact indexes, Pyserini beside them.

Importing this loads neither torch nor a JVM; a name below loads what it needs when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.records import Hit

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.lucene.jvm.jvm import start_jvm
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

__all__ = [
    "Bm25Searcher",
    "Hit",
    "ImpactIndex",
    "ImpactSearcher",
    "LexLip",
    "LexLipQueryEncoder",
    "LexlipError",
    "start_jvm",
]

_HOMES = {
    "Bm25Searcher": "lexlip_lucene.lucene.search.bm25_searcher",
    "ImpactIndex": "lexlip_lucene.lucene.index.impact_index",
    "ImpactSearcher": "lexlip_lucene.lucene.search.impact_searcher",
    "LexLip": "lexlip_lucene.encoders.model.lexlip",
    "LexLipQueryEncoder": "lexlip_lucene.encoders.query.query_encoder",
    "start_jvm": "lexlip_lucene.lucene.jvm.jvm",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
