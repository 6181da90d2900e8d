"""BM25 over the captions in a cluster: the English analyser and k1 = 0.9, b = 0.4, as on one machine.

All shards are asked for their counts first, so idf and lengths are of the whole index. OpenSearch keeps the factor
k1 + 1 in its scores, so they are 1.9 times those of `Bm25Searcher`; the order is the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.opensearch.alias import Behind
from lexlip_lucene.opensearch.cluster_searcher import ClusterSearcher, checked_counts, checked_texts
from lexlip_lucene.opensearch.mapping import CAPTIONS
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit
from lexlip_lucene.search.searcher import Filters, TextSearcher
from lexlip_lucene.text_list import as_texts


class OpenSearchBm25Searcher(ClusterSearcher, TextSearcher):
    """A searcher of captions in a cluster with texts; scores are floats."""

    _how = "dfs_query_then_fetch"

    def search(
        self, text: str, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> list[Hit]:
        """Return the top `k` hits, fewer when fewer documents match; none for a text without terms.

        Args:
            text: the query.
            k: hits, at least 1; more than 10,000 take several requests.
            filters: keyword field → value or values that a hit must have.
            without: words that no hit has, each analysed as the query is.

        Raises:
            InputError: `k` < 1, `text` is not valid Unicode, or no such keyword field.
            ClusterError: the cluster can't be reached, or refuses; a shard is lost.
        """
        return self.search_batch({"query": text}, k, filters=filters, without=without)["query"]

    def search_batch(
        self,
        texts: Mapping[str, str],
        k: int = 1000,
        *,
        threads: int = 1,
        filters: Filters | None = None,
        without: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> dict[str, list[Hit]]:
        """Return qid → the top `k` hits, in the order of `texts` (qid → text); arguments and errors as in `search`.

        Args:
            texts: qid → text.
            k: hits a query.
            threads: requests under way at a time, of some queries each.
            filters: as in `search`.
            without: as in `search`.
            progress: shows how far it is.
        """
        k, threads = checked_counts(k, threads)
        for qid, text in texts.items():
            if not isinstance(text, str):
                raise InputError(f"query {qid} must be a text, got {text!r}")
            checked_texts([text], f"query {qid}")
        excluded = checked_texts(as_texts(without, "without"), "without")
        must_not = _match(" ".join(excluded)) if excluded else None

        def search(some: list[str]) -> list[list[Hit]]:
            bodies = [self._narrowed({"must": [_match(text)]}, filters, must_not) for text in some]
            tops = self._now(lambda there: self._top(there, bodies, k))
            return [[Hit(docid, score, rank) for rank, (score, docid) in enumerate(top, start=1)] for top in tops]

        return self._batch(texts, search, k, threads, progress)

    def terms(self, text: str) -> dict[str, int]:
        """Return the terms that `text` is searched by, with their number in it; {} when only stop words are left."""
        body = {"field": CAPTIONS, "text": checked_texts([text], "text")[0]}
        found = self._now(lambda there: self._connection.request("POST", f"/{there.name}/_analyze", body))
        return dict(Counter(token["token"] for token in found["tokens"]))

    def _having(self, there: Behind, token: str) -> dict[str, Any]:
        return {"term": {CAPTIONS: token}}

    def _look(self) -> Behind:
        there = super()._look()
        if not int(there.facts.get("caption_texts", 0)):
            raise SearchError(
                f"{self.path} has no captions to search by BM25: push the collection with --captions FILE"
            )
        return there


def _match(text: str) -> dict[str, Any]:
    return {"match": {CAPTIONS: text}}
