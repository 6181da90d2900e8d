"""An open index in a cluster: its facts, top-k by score and then docid, many queries at once.

Searches see what the cluster's newest refresh shows, so two of them may differ while documents are loaded. The searcher
keeps to the index that the alias stood for when it was opened or refreshed; when that one is gone, it looks again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from lexlip_lucene.errors import ClusterError, InputError
from lexlip_lucene.integers import as_count, as_int
from lexlip_lucene.opensearch.alias import Behind, behind
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection, Security
from lexlip_lucene.opensearch.daemon_threads import answers
from lexlip_lucene.opensearch.mapping import DOCID, STORED, field_of
from lexlip_lucene.opensearch.multi_search import SearchType, multi_search
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.searcher import Filters
from lexlip_lucene.text_list import as_texts

Answer = TypeVar("Answer")
Item = TypeVar("Item")

WINDOW = 10_000
"""Hits of one answer: what `index.max_result_window` is unless it is set. Further ones come page by page."""

BY_SCORE = ({"_score": "desc"}, {DOCID: "asc"})

MOST_REQUESTS = 32
"""Requests under way at a time, whatever the threads."""

_HITS_AT_ONCE = 50_000
_SEARCHES_AT_ONCE = 64
_TOKENS_AT_ONCE = 500


class Found(NamedTuple):
    """A hit as the cluster sorts it: by float score, and then by docid."""

    score: float
    docid: str


class ClusterSearcher:
    """An open index in a cluster. Safe to use from several threads; close it, or use it in a `with` block."""

    _how: ClassVar[SearchType] = "query_then_fetch"

    def __init__(self, address: ClusterAddress | str, security: Security | None = None) -> None:
        """Open the index at `address`.

        Args:
            address: URL/ALIAS.
            security: user, password and certificates; by default what the environment says (`Security`).

        Raises:
            InputError: not an address, no such index, or opensearch-py is not installed.
            SearchError: what is there was loaded by others or by another version.
            ClusterError: the cluster can't be reached, or refuses.
        """
        where = address if isinstance(address, ClusterAddress) else ClusterAddress.of(address)
        self._connection = Connection(where, security, requests=MOST_REQUESTS)
        self._behind = self._look()
        self._seen = self._state()

    @property
    def path(self) -> str:
        """The address, for messages."""
        return str(self._connection.address)

    @property
    def facts(self) -> Mapping[str, str]:
        """The facts about what made the index."""
        return self._behind.facts

    @property
    def documents(self) -> int:
        """Documents in the index, those without a token among them."""
        return self._now(self._documents)

    def stored(self, docid: str) -> dict[str, str]:
        """Return the stored fields of a document, `id` among them.

        Raises:
            InputError: the index has no such document.
            ClusterError: the cluster can't be reached, or a shard is lost.
        """
        source = self._now(lambda there: self._source(there, docid, [DOCID, STORED]))
        return {"id": source[DOCID], **source.get(STORED, {})}

    def keywords(self, most: int = 100) -> dict[str, list[str]]:
        """Return keyword field → its values in byte order, the first `most`.

        Raises:
            ClusterError: the cluster can't be reached, or a shard is lost.
        """
        fields, most = self._behind.keywords, as_int(most, "most")
        if not fields or most < 1:
            return {field: [] for field in fields}
        # By number, since the name of an aggregation has no [, ] or >, as a field's may have.
        asked = {
            str(place): {"terms": {"field": field, "size": most, "order": {"_key": "asc"}}}
            for place, field in enumerate(fields)
        }
        found = self._answered({"size": 0, "track_total_hits": False, "aggs": asked})["aggregations"]
        return {field: [bucket["key"] for bucket in found[str(place)]["buckets"]] for place, field in enumerate(fields)}

    def frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return token → number of documents that have it, 0 for an unknown one.

        Raises:
            ClusterError: the cluster can't be reached, or a shard is lost.
        """
        asked = list(dict.fromkeys(checked_texts(as_texts(tokens, "tokens"), "tokens")))
        return self._now(lambda there: self._frequencies(there, asked))

    def refresh(self) -> bool:
        """See which index the alias stands for now, and return True if it or its documents have changed.

        Raises:
            InputError: the index is gone.
            SearchError: another has taken its place that is not for this searcher, or the cluster can't be reached.
        """
        now = self._look()
        changed, self._behind = now != self._behind, now
        state = self._state()
        changed, self._seen = changed or state != self._seen, state
        return changed

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _documents(self, there: Behind) -> int:
        [found] = self._searched(there, [{"size": 0, "track_total_hits": True}])
        count: int = found["hits"]["total"]["value"]
        return count

    def _frequencies(self, there: Behind, tokens: Sequence[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for start in range(0, len(tokens), _TOKENS_AT_ONCE):
            part = tokens[start : start + _TOKENS_AT_ONCE]
            aggregation = {"tokens": {"filters": {"filters": [self._having(there, token) for token in part]}}}
            [found] = self._searched(there, [{"size": 0, "track_total_hits": False, "aggs": aggregation}])
            buckets = found["aggregations"]["tokens"]["buckets"]
            counts |= {token: bucket["doc_count"] for token, bucket in zip(part, buckets, strict=True)}
        return counts

    def _having(self, there: Behind, token: str) -> dict[str, Any]:
        """Return the query that matches the documents of an index with a token."""
        return field_of(there.facts).any_of([token])

    def _look(self) -> Behind:
        """Return the index behind the alias; errors as in `behind`."""
        return behind(self._connection)

    def _state(self) -> list[Any]:
        """Return what differs once searches see other documents."""
        index = self._behind.name
        found = self._connection.request("GET", f"/{index}/_stats/docs,refresh", level="shards")
        shards = [copy for one in found["indices"].values() for copies in one["shards"].values() for copy in copies]
        return [(copy["docs"], copy["refresh"]["external_total"]) for copy in shards if copy["routing"]["primary"]]

    def _now(self, ask: Callable[[Behind], Answer]) -> Answer:
        """Return what `ask` makes of the index, or of the one that has meanwhile taken its place.

        However many requests it makes, all are to the same index.
        """
        there = self._behind
        try:
            return ask(there)
        except ClusterError as error:
            if error.status != 404:
                raise
            self.refresh()
            if self._behind.name == there.name:
                raise
        return ask(self._behind)

    def _searched(self, there: Behind, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return multi_search(self._connection, there.name, bodies, self._how)

    def _answered(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._now(lambda there: self._searched(there, [body])[0])

    def _source(self, there: Behind, docid: str, fields: Sequence[str]) -> dict[str, Any]:
        [docid] = checked_texts([docid], "docid")
        body = {"query": {"term": {DOCID: docid}}, "size": 1, "track_total_hits": False, "_source": list(fields)}
        hits = self._searched(there, [body])[0].get("hits", {}).get("hits", [])
        if not hits:
            raise InputError(f"{self.path} has no document {docid!r}")
        source: dict[str, Any] = hits[0]["_source"]
        return source

    def _top(self, there: Behind, queries: Sequence[Mapping[str, Any]], k: int) -> list[list[Found]]:
        """Return the top `k` of each query by float score and docid."""
        answers = self._searched(there, [_page(query, min(k, WINDOW)) for query in queries])
        return [self._further(there, query, _found(answer), k) for query, answer in zip(queries, answers, strict=True)]

    def _further(self, there: Behind, query: Mapping[str, Any], hits: list[Found], k: int) -> list[Found]:
        while len(hits) < k and hits and len(hits) % WINDOW == 0:
            [answer] = self._searched(there, [_page(query, min(k - len(hits), WINDOW), hits[-1])])
            page = _found(answer)
            if not page:
                break
            hits = hits + page
        return hits

    def _batch(
        self,
        queries: Mapping[str, Item],
        search: Callable[[list[Item]], list[Answer]],
        k: int,
        threads: int,
        progress: Progress,
    ) -> dict[str, Answer]:
        """Return qid → answer; `search` answers some queries by one request, and `threads` requests are under way."""
        waiting = list(queries.values())
        at_once = max(1, min(_SEARCHES_AT_ONCE, _HITS_AT_ONCE // min(k, WINDOW), -(-len(waiting) // threads)))
        pieces = [waiting[start : start + at_once] for start in range(0, len(waiting), at_once)]
        with closing(answers(search, pieces, min(threads, MOST_REQUESTS))) as found:
            hits = (one for piece in found for one in piece)
            return dict(zip(queries, progress.track(hits, "searching", len(waiting)), strict=True))

    def _narrowed(self, should: Mapping[str, Any], filters: Filters | None, without: Mapping[str, Any] | None) -> Any:
        """Return the query of what a hit should have, narrowed to what it must have and must not."""
        parts: dict[str, Any] = dict(should)
        if filters:
            parts["filter"] = [{"terms": {field: values}} for field, values in self._checked_filters(filters).items()]
        if without:
            parts["must_not"] = [without]
        return {"bool": parts}

    def _checked_filters(self, filters: Filters) -> dict[str, list[str]]:
        if not isinstance(filters, Mapping):
            raise InputError(f"filters must be a mapping of keyword field to value, got {filters!r}")
        known = self._behind.keywords
        checked = {}
        for field, value in filters.items():
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, Collection) or not all(isinstance(one, str) for one in values):
                raise InputError(f"filter {field!r} must be a text, or several, as keywords are, got {value!r}")
            if field not in known or not values:
                there = ", ".join(known) or "none: push with --keyword"
                raise InputError(
                    f"filter {field!r} must be a keyword field of {self.path} with at least one value, got "
                    f"{value!r}; its keyword fields are {there}"
                )
            checked[field] = checked_texts(list(values), f"filter {field!r}")
        return checked


def checked_counts(k: int, threads: int) -> tuple[int, int]:
    """Return `k` and `threads`, each at least 1; errors as in `as_count`."""
    return as_count(k, "k"), as_count(threads, "threads")


def _page(query: Mapping[str, Any], size: int, after: Found | None = None) -> dict[str, Any]:
    """Return a search of which only the sort values come back."""
    body = {"query": query, "sort": BY_SCORE, "size": size, "track_total_hits": False, "stored_fields": "_none_"}
    return body if after is None else body | {"search_after": list(after)}


def _found(answer: Mapping[str, Any]) -> list[Found]:
    return [Found(*hit["sort"]) for hit in answer.get("hits", {}).get("hits", [])]


def checked_texts(texts: list[str], what: str) -> list[str]:
    """Return the texts, which must be valid Unicode, as JSON is."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputError(f"{what}: {text!r} is not valid Unicode") from None
    return texts
