"""Impacts of fewer bits, with one scale for all tokens or a scale a token: bytes of the index, and recall.

    python -m lexlip_lucene.experiments.engine.impact_bits COLLECTION QUERIES QRELS --output FOLDER

    one scale        impact′ = clip(round(impact · m / M), 1, m)                    m = 2^bits − 1, M the largest of all
    a scale a token  impact′ = clip(round(impact · m / M_t), 1, m), and the query's weight · FINE · M_t / m, rounded

M_t is the largest impact of token t, which the query's weight must then carry: a factor that no stock tool knows of.
COLLECTION has impacts of more bits (8, as a model writes them). Every row is a real index, plain and ordered
(`--order`), and a real search; `overlap` is the share of the first ten hits that are among the first ten of the
collection as it is.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.records import Qrel, Run
from lexlip_lucene.vectors.collection import read_collection, read_queries
from lexlip_lucene.vectors.vector_matrix import VectorMatrix, matrix_of

K = 10

FINE = 8
"""Steps that a query's weight is divided into before it is rounded, so that a token's scale is not lost in it."""

NAMES = ("R@1", "R@5", "R@10")


class Vectors(NamedTuple):
    """Documents and queries over the same tokens: (ids, tokens) matrices of integers as CSR."""

    documents: csr_array
    queries: csr_array


class Row(NamedTuple):
    """One way to write the impacts: bytes a document, plain and ordered; recall in percent; overlap in 0..1."""

    name: str
    plain: float
    ordered: float
    recall: Mapping[str, float]
    overlap: float


def one_scale(vectors: Vectors, bits: int) -> Vectors:
    """Return the vectors with impacts of `bits` bits, all divided by the same number."""
    most = int(vectors.documents.data.max())
    return vectors._replace(documents=_coarser(vectors.documents, np.full(vectors.documents.nnz, most), bits))


def a_scale_a_token(vectors: Vectors, bits: int) -> Vectors:
    """Return the vectors with impacts of `bits` bits, those of a token divided by its own number."""
    largest = np.ones(vectors.documents.shape[1], dtype=np.int64)
    np.maximum.at(largest, vectors.documents.indices, vectors.documents.data)
    documents = _coarser(vectors.documents, largest[vectors.documents.indices], bits)
    own = largest[vectors.queries.indices]
    weights = np.maximum(1, np.rint(vectors.queries.data * own * FINE / (2**bits - 1))).astype(np.int64)
    return Vectors(documents, _with(vectors.queries, weights))


def _coarser(matrix: csr_array, most: NDArray[np.int64], bits: int) -> csr_array:
    largest = 2**bits - 1
    return _with(matrix, np.clip(np.rint(matrix.data * largest / most), 1, largest).astype(np.int64))


def _with(matrix: csr_array, data: NDArray[np.int64]) -> csr_array:
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


class Measurement(NamedTuple):
    """A measurement of several rows: ids and tokens of the vectors, the judgements, and the folder of the indexes."""

    docids: list[str]
    qids: list[str]
    tokens: list[str]
    qrels: Sequence[Qrel]
    folder: Path
    progress: Progress

    def row(self, name: str, vectors: Vectors, best: Run | None) -> tuple[Row, Run]:
        """Index and search; return the figures and the hits. `best` are the hits that they are compared with."""
        plain, ordered = (self._bytes(vectors.documents, order) / len(self.docids) for order in (False, True))
        with ImpactSearcher(self.folder / "index") as searcher:
            found = searcher.search_batch(VectorMatrix(self.qids, vectors.queries, self.tokens), K)
        run = {qid: list(hits) for qid, hits in found.items()}
        figures = evaluate(self.qrels, run)
        recall = {each: 100 * figures[each] for each in NAMES}
        return Row(name, plain, ordered, recall, 1.0 if best is None else overlap(best, run)), run

    def _bytes(self, documents: csr_array, order: bool) -> int:
        index = ImpactIndex.create(self.folder / "index", force=True, threads=1, order=order, progress=self.progress)
        with index as written:
            written.add(self.docids, documents, self.tokens)
            written.merge()
        return written.report.index_bytes


def overlap(run: Run, other: Run) -> float:
    """Return the mean share of a query's hits that the other run has as well; queries without hits are left out."""
    shares = [
        len({hit.docid for hit in hits} & {hit.docid for hit in other[qid]}) / len(hits)
        for qid, hits in run.items()
        if hits
    ]
    return float(np.mean(shares))


def rows(measured: Measurement, vectors: Vectors, bits: Sequence[int]) -> Iterator[Row]:
    """Yield the row of the vectors as they are, then two for each number of bits."""
    first, best = measured.row("as they are", vectors, None)
    yield first
    for each in bits:
        for name, changed in (("one scale", one_scale), ("a scale a token", a_scale_a_token)):
            yield measured.row(f"{each} bits, {name}", changed(vectors, each), best)[0]


def read(given: argparse.Namespace) -> tuple[Measurement, Vectors]:
    """Read documents, queries and judgements."""
    documents, queries = list(read_collection(given.collection)), read_queries(given.queries)
    tokens = sorted({token for vector in (*documents, *queries) for token in vector.vector})
    columns = {token: column for column, token in enumerate(tokens)}
    ids = [document.id for document in documents], [query.id for query in queries]
    measured = Measurement(*ids, tokens, read_qrels(given.qrels), given.output, for_terminal())
    return measured, Vectors(matrix_of(documents, columns), matrix_of(queries, columns))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path, help="collection of impacts")
    parser.add_argument("queries", type=Path, help="encoded queries")
    parser.add_argument("qrels", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="folder of the indexes")
    parser.add_argument("--bits", type=int, nargs="+", default=[6, 5, 4, 3, 2])
    given = parser.parse_args(arguments)
    measured, vectors = read(given)
    print("| impacts | bytes | ordered | × | R@1 | R@5 | R@10 | overlap |", flush=True)
    print("| --- |" + " ---: |" * 7, flush=True)
    whole = None
    for row in rows(measured, vectors, given.bits):
        whole = whole or row.ordered
        recall = " | ".join(f"{row.recall[name]:.2f}" for name in NAMES)
        sizes = f"{row.plain:.1f} | {row.ordered:.1f} | {row.ordered / whole:.3f}"
        print(f"| {row.name} | {sizes} | {recall} | {row.overlap:.3f} |", flush=True)


if __name__ == "__main__":
    main()
