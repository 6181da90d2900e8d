"""Another engine behind the same commands: exact search of a collection by a sparse matrix product, without Lucene.

    python examples/add_a_searcher.py COLLECTION "token:weight token:weight …"
    python examples/add_a_searcher.py COLLECTION "red:220 circle:219" --like-index INDEX

It reads the collection's shards into a SciPy matrix (documents × tokens), multiplies it by the query, and prints the
hits and why the first was found. `--like-index` searches a Lucene index of the same collection as well and says if both
agree. A class that derives from `Searcher` may be handed to whatever takes one, such as the page's `Searching`.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from lexlip_lucene import Hit, ImpactSearcher, LexlipError
from lexlip_lucene.cli.query import parse_weights
from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Impacts
from lexlip_lucene.search.searcher import Filters, Searcher
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.json_vector import checked_impacts


class MatrixSearcher(Searcher):
    """A searcher of a collection in memory: eight bytes a posting. It has no keywords, and stores only ids."""

    def __init__(self, collection: Path) -> None:
        """Read the shards of `collection`."""
        self._path = collection
        by_id = {document.id: document.vector for document in read_collection(collection)}
        self._docids = sorted(by_id, key=str.encode)  # so that of equal scores the smaller docid comes first
        self._rows = {docid: row for row, docid in enumerate(self._docids)}
        self._columns = {token: column for column, token in enumerate(sorted({t for v in by_id.values() for t in v}))}
        self._tokens = list(self._columns)
        vectors = [by_id[docid] for docid in self._docids]
        starts = np.cumsum([0, *map(len, vectors)])
        tokens = [self._columns[token] for vector in vectors for token in vector]
        impacts = [impact for vector in vectors for impact in vector.values()]
        shape = (len(vectors), len(self._columns))
        self._matrix = csr_array((np.array(impacts, np.int64), np.array(tokens, np.int32), starts), shape=shape)
        self._by_token = self._matrix.tocsc()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def documents(self) -> int:
        return len(self._docids)

    @property
    def facts(self) -> Mapping[str, str]:
        return {"kind": "impact"}

    def search(
        self, query: Impacts, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> list[Hit]:
        if filters:
            raise InputError(f"{self.path} has no keyword fields, so it can't be filtered by {', '.join(filters)}")
        k, query = as_count(k, "k"), checked_impacts(query, "query")
        scores = np.zeros(self.documents, np.int64)
        for token, weight in query.items():
            rows, impacts = self._postings(token)
            scores[rows] += weight * impacts
        for token in as_texts(without, "without"):
            scores[self._postings(token)[0]] = 0
        best = np.argsort(-scores, kind="stable")[:k]
        return [Hit(self._docids[row], int(scores[row]), rank) for rank, row in enumerate(best, 1) if scores[row]]

    def search_batch(
        self,
        queries: Mapping[str, Impacts],
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> dict[str, list[Hit]]:
        every = progress.track(queries.items(), "searching", len(queries))
        return {qid: self.search(query, k, filters=filters, without=without) for qid, query in every}

    def vector(self, docid: str) -> Impacts:
        row = self._row(docid)
        part = slice(self._matrix.indptr[row], self._matrix.indptr[row + 1])
        entries = zip(self._matrix.indices[part], self._matrix.data[part], strict=True)
        found = [(self._tokens[column], int(impact)) for column, impact in entries]
        return dict(sorted(found, key=lambda entry: (-entry[1], entry[0])))

    def stored(self, docid: str) -> dict[str, str]:
        return {"id": self._docids[self._row(docid)]}

    def frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return {token: len(self._postings(token)[0]) for token in tokens}

    def keywords(self, most: int = 100) -> dict[str, list[str]]:
        return {}

    def _row(self, docid: str) -> int:
        if docid not in self._rows:
            raise InputError(f"{self.path} has no document {docid!r}")
        return self._rows[docid]

    def _postings(self, token: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that have `token`, and its impact in each."""
        column = self._columns.get(token)
        if column is None:
            return np.empty(0, np.int32), np.empty(0, np.int64)
        part = slice(self._by_token.indptr[column], self._by_token.indptr[column + 1])
        return self._by_token.indices[part], self._by_token.data[part]


def main(collection: Path, text: str, index: Path | None) -> None:
    """Search, print the hits and the first one's explanation, and compare with Lucene's."""
    query = parse_weights(text)
    if query is None:
        raise InputError(f"a query like 'red:57 circle:31' is needed, got {text!r}")
    with MatrixSearcher(collection) as searcher:
        hits = searcher.search(query)
        for hit in hits:
            print(f"{hit.rank:>3} {hit.score:>9}  {hit.docid}")
        for term in searcher.explain(query, hits[0].docid).terms if hits else ():
            print(f"{term.contribution:>13} = {term.query_weight} × {term.impact}  {term.token}")
    if index is not None:
        with ImpactSearcher(index) as lucene:
            print("Lucene finds", "the same" if list(lucene.search(query)) == hits else "something else")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    like = arguments.index("--like-index") if "--like-index" in arguments else len(arguments)
    if like != 2 or len(arguments) not in (2, 4):
        sys.exit('usage: add_a_searcher.py COLLECTION "token:weight …" [--like-index INDEX]')
    try:
        main(Path(arguments[0]), arguments[1], Path(arguments[3]) if len(arguments) == 4 else None)
    except LexlipError as error:
        sys.exit(f"error: {error}")
