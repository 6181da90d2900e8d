"""Stock Anserini on the same files: its indexer as a process, its searcher in this JVM."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lexlip_lucene.lucene.index.commit import open_reader
from lexlip_lucene.lucene.jvm.anserini import index_collection
from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.lucene.jvm.jvm import java_class
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Impacts

LARGEST_SCORE = 2**24
"""From here on stock's float32 scores are rounded; ours are not."""

needs_pyserinis_own_jar = pytest.mark.skipif(
    find_jar().source != "pyserini", reason="Pyserini's Python runs on the jar it carries, and on no later one"
)


def build_stock(collection: Path, index: Path, *, merge: bool = True) -> None:
    """Run IndexCollection with the options that Pyserini's docs give for impacts."""
    options = ["-collection", "JsonVectorCollection", "-impact", "-pretokenized"]
    index_collection(collection, index, options=options, threads=1, merge=merge, progress=SILENT)


class StockSearcher:
    """Anserini's SimpleImpactSearcher, which is what Pyserini's LuceneImpactSearcher calls."""

    def __init__(self, index: Path) -> None:
        self._java = java_class("io.anserini.search.SimpleImpactSearcher")(str(index))

    def search(self, query: Impacts, k: int) -> list[tuple[str, int]]:
        """Return docids and scores, rounded, because stock shifts tied scores apart by tiny amounts."""
        weights = java_class("java.util.HashMap")()
        integer = java_class("java.lang.Integer")
        for token, weight in query.items():
            weights.put(token, integer.valueOf(weight))
        return [(hit.docid, round(hit.score)) for hit in self._java.search(weights, k)]

    def close(self) -> None:
        """Close the index."""
        self._java.close()


class Inside(NamedTuple):
    """All of an index without deletions that a search could see; tokens as hex of their UTF-8, since pyjnius takes a
    U+FEFF at the beginning of a text for a byte order mark."""

    docids: list[str]
    postings: dict[str, dict[str, int]]
    statistics: dict[str, tuple[int, int]]
    fields: dict[str, tuple[str, ...]]
    norms: set[int]


def inside(index: Path) -> Inside:
    """Read an index of one or many segments."""
    reader = open_reader(index)
    docids: list[str] = []
    postings: dict[str, dict[str, int]] = {}
    statistics: dict[str, tuple[int, int]] = {}
    fields: dict[str, tuple[str, ...]] = {}
    norms: set[int] = set()
    for context in reader.leaves().toArray():
        leaf = context.reader()
        ids = hexed_ids(leaf)
        docids += ids
        fields |= fields_of(leaf)
        values = leaf.getNormValues("contents")
        while values is not None and values.nextDoc() != 2**31 - 1:
            norms.add(values.longValue())
        terms = leaf.terms("contents")
        walk = terms.iterator() if terms else None
        while walk and (term := walk.next()):
            token, pairs = term.toString(), walk.postings(None)
            found = postings.setdefault(token, {})
            found |= {ids[pairs.nextDoc()]: pairs.freq() for _ in range(walk.docFreq())}
            count, total = statistics.get(token, (0, 0))
            statistics[token] = (count + walk.docFreq(), total + walk.totalTermFreq())
    reader.close()
    return Inside(docids, postings, statistics, fields, norms)


def hexed_ids(leaf: Any) -> list[str]:
    """Read the ids as doc values, which break ties."""
    values = leaf.getBinaryDocValues("id")
    ids = []
    while values.nextDoc() != 2**31 - 1:
        ids.append(values.binaryValue().toString())
    assert len(ids) == leaf.maxDoc()
    return ids


def fields_of(leaf: Any) -> dict[str, tuple[str, ...]]:
    """Return what each field keeps: postings, doc values, norms, vectors, payloads."""
    found = {}
    for info in leaf.getFieldInfos().iterator():
        kept = (info.getIndexOptions().toString(), info.getDocValuesType().toString())
        flags = (info.hasNorms(), info.hasPayloads(), info.hasVectors() if hasattr(info, "hasVectors") else False)
        found[info.name] = (*kept, *map(str, flags))
    return found


def hexed(text: str) -> str:
    """Return `text` as Lucene's BytesRef prints it: "[e2 82 ac]"."""
    return f"[{' '.join(f'{byte:x}' for byte in text.encode())}]"
