"""A collection of visual words as a Lucene index: what it takes, what is in it, and what it finds."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.files.written import written_folder
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Document, Run
from lexlip_lucene.vectors.collection import read_collection, read_queries, write_shards


class IndexFigures(NamedTuple):
    """Size and shape of an index.

    Attributes:
        bytes: of the folder, a document.
        own_bytes: those less what an index of the same documents takes whose vectors are empty.
        postings: a document.
        document_frequency: the mean over all codes that occur, as a share of documents, 0 to 1.
    """

    bytes: float
    own_bytes: float
    postings: float
    document_frequency: float


def build(collection: Path, index: Path, progress: Progress) -> IndexFigures:
    """Index a collection in one segment, and the same documents without vectors in a folder beside it."""
    ids, frequencies = [], Counter[str]()
    for document in read_collection(collection):
        ids.append(document.id)
        frequencies.update(document.vector.keys())
    report = ImpactIndex.build(collection, index, force=True, threads=1, progress=progress)
    empty = index.with_name(f"{index.name}-empty")
    with written_folder(empty.with_suffix(".collection"), force=True) as folder:
        write_shards(folder, (Document(id, "", {}) for id in ids))
    without = ImpactIndex.build(empty.with_suffix(".collection"), empty, force=True, threads=1, progress=progress)
    return IndexFigures(
        bytes=report.index_bytes / len(ids),
        own_bytes=(report.index_bytes - without.index_bytes) / len(ids),
        postings=report.postings / len(ids),
        document_frequency=report.postings / max(1, len(frequencies)) / len(ids),
    )


def search(index: Path, queries: Path, k: int) -> Run:
    """Search with encoded queries; return qid → its `k` hits."""
    with ImpactSearcher(index) as searcher:
        found = searcher.search_batch(read_queries(queries), k)
        return {qid: list(hits) for qid, hits in found.items()}
