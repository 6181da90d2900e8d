"""Searching impacts in a cluster: score(q, d) = Σ over shared tokens of query weight × impact, as on one machine.

A query is a `bool` of one clause a token with its weight as the boost, sorted by score and docid. A clause multiplies
boost and impact and nothing else, so the number of shards changes no score. The cluster adds floats: where that may
have rounded (`float_scores.py`), the hits come from the documents' vectors.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from lexlip_lucene.opensearch.alias import Behind
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.cluster_searcher import BY_SCORE, ClusterSearcher, checked_counts, checked_texts
from lexlip_lucene.opensearch.connection import Security
from lexlip_lucene.opensearch.english_terms import EnglishTerms
from lexlip_lucene.opensearch.entity_spans import entity_spans
from lexlip_lucene.opensearch.float_scores import EXACT_BELOW, reach
from lexlip_lucene.opensearch.impact_field import IMPACTS, ImpactField
from lexlip_lucene.opensearch.mapping import field_of
from lexlip_lucene.opensearch.multi_search import asked_again
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, caption_fields
from lexlip_lucene.search.caption_query import CaptionQuery
from lexlip_lucene.search.caption_words import CaptionWords, Counts
from lexlip_lucene.search.explanation import Explanation
from lexlip_lucene.search.searcher import Filters, Searcher
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.json_vector import checked_impacts
from lexlip_lucene.words.gazetteer import Gazetteer

_VECTORS_AT_ONCE = 1_000


class OpenSearchImpactSearcher(ClusterSearcher, Searcher):
    """A searcher of impacts in a cluster with queries of token → query weight; scores are exact integers.

    It has the hits of `ImpactSearcher` in the same order. A query has as many tokens as the cluster's setting
    `indices.query.bool.max_clause_count` lets it, 1,024 unless it is raised. Arguments and errors as in
    `ClusterSearcher`.
    """

    def __init__(self, address: ClusterAddress | str, security: Security | None = None) -> None:
        super().__init__(address, security)
        self._words: tuple[Behind, CaptionWords] | None = None

    def search(
        self, query: Impacts, k: int = 10, *, filters: Filters | None = None, without: Sequence[str] = ()
    ) -> list[Hit]:
        """Return the top `k` hits, fewer when fewer documents match; none for a query without tokens.

        Args:
            query: token → query weight, an integer in 1..2^24−1.
            k: hits, at least 1; more than 10,000 take several requests.
            filters: keyword field → value or values that a hit must have.
            without: tokens that no hit has.

        Raises:
            InputError: the query is not what is needed, `k` < 1, or no such keyword field.
            ClusterError: the cluster can't be reached, or refuses; a shard is lost.
        """
        k, _ = checked_counts(k, 1)
        return self._hits([checked_impacts(query, "query")], k, filters, without)[0]

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
        """Return qid → the top `k` hits, in the order of `queries`; arguments and errors as in `search`.

        Args:
            queries: qid → query.
            k: hits a query.
            threads: requests under way at a time, of some queries each.
            filters: as in `search`.
            without: as in `search`.
            progress: shows how far it is.
        """
        k, threads = checked_counts(k, threads)
        checked = {qid: checked_impacts(query, f"query {qid}") for qid, query in queries.items()}
        return self._batch(checked, lambda some: self._hits(some, k, filters, without), k, threads, progress)

    def vector(self, docid: str) -> Impacts:
        """Return a document's token → impact, heaviest first, equal ones by token; {} for one without any token.

        Raises:
            InputError: the index has no such document.
            ClusterError: the cluster can't be reached, or a shard is lost.
        """

        def decoded(there: Behind) -> Impacts:
            return field_of(there.facts).vector(self._source(there, docid, [IMPACTS])[IMPACTS])

        return dict(sorted(self._now(decoded).items(), key=lambda item: (-item[1], item[0])))

    @property
    def captions(self) -> CaptionFields:
        """The kinds of tokens that the index has beside words."""
        return caption_fields(self.facts)

    def caption_query(self, text: str) -> CaptionQuery:
        """Return what the words of `text` ask of the caption fields and of entity terms; nothing of an index without.

        How many documents have a word is asked once until `refresh` sees that the index has changed.

        Raises:
            InputError: `text` is not valid Unicode.
            ClusterError: the cluster can't be reached, or a shard is lost.
        """
        [text] = checked_texts([text], "text")
        return self._now(lambda there: self._caption_words(there).query(text))

    def refresh(self) -> bool:
        """See which index the alias stands for now, as in `ClusterSearcher`."""
        changed = super().refresh()
        if changed:
            self._words = None
        return changed

    def explain(self, query: Impacts, docid: str) -> Explanation:
        """Explain the score of document `docid` from its stored vector.

        Raises:
            InputError: the index has no such document, or a query weight is not a positive integer.
            ClusterError: the cluster can't be reached, or a shard is lost.
        """
        return super().explain(checked_impacts(query, "query"), docid)

    def _caption_words(self, there: Behind) -> CaptionWords:
        """Return the caption words of an index, those of the one asked before if it is the same."""
        asked = self._words
        if asked is None or asked[0] != there:
            asked = self._words = there, self._opened_words(there)
        return asked[1]

    def _opened_words(self, there: Behind) -> CaptionWords:
        fields, spans = caption_fields(there.facts), entity_spans(there.facts)
        terms = EnglishTerms(self._connection, asked_again, there.name)

        def names(text: str, counts: Counts) -> Gazetteer:
            return Gazetteer(term for term, documents in counts(spans.terms_in(text)).items() if documents)

        documents = self._documents(there) if fields.fields else 0
        return CaptionWords(fields, partial(self._frequencies, there), documents, terms.of_words, names)

    def _hits(
        self, queries: Sequence[Impacts], k: int, filters: Filters | None, without: Sequence[str]
    ) -> list[list[Hit]]:
        excluded = checked_texts(as_texts(without, "without"), "without")
        asked = [place for place, query in enumerate(queries) if query]

        def ranked(there: Behind) -> list[list[Hit]]:
            field = field_of(there.facts)
            must_not = field.any_of(excluded) if excluded else None
            bodies = {place: self._narrowed(_should(field, queries[place]), filters, must_not) for place in asked}
            hits: list[list[Hit]] = [[] for _ in queries]
            tops = self._top(there, list(bodies.values()), k) if asked else []
            for place, top in zip(asked, tops, strict=True):
                scores = [(docid, int(score)) for score, docid in top]
                if top and top[0].score >= EXACT_BELOW:
                    scores = self._exact(there, queries[place], bodies[place], k)
                hits[place] = [Hit(docid, score, rank) for rank, (docid, score) in enumerate(scores, start=1)]
            return hits

        return self._now(ranked)

    def _exact(self, there: Behind, query: Impacts, body: Mapping[str, Any], k: int) -> list[tuple[str, int]]:
        """Return the exact top `k`, docid and score, from the vectors of all documents that may be among them."""
        field = field_of(there.facts)
        page = {"query": body, "sort": BY_SCORE, "size": _VECTORS_AT_ONCE, "track_total_hits": False}
        after: dict[str, Any] = {}
        scores: dict[str, int] = {}
        floats: list[float] = []
        while len(floats) < k or floats[-1] >= reach(floats[k - 1], len(query)):
            [answer] = self._searched(there, [{**page, **after, "_source": [IMPACTS]}])
            hits = answer.get("hits", {}).get("hits", [])
            for hit in hits:
                vector = field.vector(hit["_source"][IMPACTS])
                scores[hit["sort"][1]] = sum(weight * vector.get(token, 0) for token, weight in query.items())
                floats.append(hit["sort"][0])
            if len(hits) < _VECTORS_AT_ONCE:
                break
            after = {"search_after": hits[-1]["sort"]}
        return sorted(scores.items(), key=lambda item: (-item[1], item[0].encode()))[:k]


def _should(field: ImpactField, query: Impacts) -> dict[str, Any]:
    terms = [field.scored(token, weight) for token, weight in query.items()]
    return {"should": terms, "minimum_should_match": 1}
