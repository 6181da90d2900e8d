"""A searcher of vectors in memory, without Lucene: it compares a query with every document."""

from collections.abc import Mapping, Sequence

from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.searcher import Filters, Searcher


class DictSearcher(Searcher):
    """A searcher of docid → vector, with these facts."""

    def __init__(self, vectors: Mapping[str, Impacts], facts: Mapping[str, str]) -> None:
        self._vectors, self._facts = vectors, facts

    @property
    def path(self) -> str:
        return "memory"

    @property
    def documents(self) -> int:
        return len(self._vectors)

    @property
    def facts(self) -> Mapping[str, str]:
        return self._facts

    def stored(self, docid: str) -> dict[str, str]:
        return {"id": docid}

    def frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return {token: sum(token in vector for vector in self._vectors.values()) for token in tokens}

    def keywords(self, most: int = 100) -> dict[str, list[str]]:
        return {}

    def search(
        self, query: Impacts, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> list[Hit]:
        assert k >= 1 and not filters and not without
        scores = {
            docid: sum(weight * vector.get(token, 0) for token, weight in query.items())
            for docid, vector in self._vectors.items()
        }
        best = sorted((docid for docid in scores if scores[docid]), key=lambda docid: (-scores[docid], docid.encode()))
        return [Hit(docid, scores[docid], rank) for rank, docid in enumerate(best[:k], 1)]

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
        return {qid: self.search(query, k, filters=filters, without=without) for qid, query in queries.items()}

    def vector(self, docid: str) -> Impacts:
        if docid not in self._vectors:
            raise InputError(f"no document {docid!r}")
        return dict(sorted(self._vectors[docid].items(), key=lambda item: (-item[1], item[0])))
