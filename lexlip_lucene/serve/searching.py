"""A search from what is asked to what was found: query weights, hits of LexLIP, BM25 or both, and their terms."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from cachetools import LRUCache

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.evaluate.fuse import reciprocal_rank_fusion
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.caption_names import CaptionNames
from lexlip_lucene.search.explanation import Comparison, Explanation, Term, compare
from lexlip_lucene.search.searcher import OpenIndex, Searcher, TextSearcher
from lexlip_lucene.serve.http.gate import check_time
from lexlip_lucene.serve.http.problems import NotThere
from lexlip_lucene.serve.looks.query_picture import NO_VISUAL_WORDS, QueryPicture, why_sent_has_no_looks
from lexlip_lucene.serve.query_model import QueryModel
from lexlip_lucene.serve.search_request import SearchRequest, System, Vector
from lexlip_lucene.serve.search_result import ExplainedHit, Query, SearchResult
from lexlip_lucene.serve.sent_pictures import SentPictures
from lexlip_lucene.vectors.picture_vector import PictureVector
from lexlip_lucene.words.read_query import ReadQuery
from lexlip_lucene.words.visual_words import VISUAL_FACT

FUSED_DEPTH = 100
"""Hits of each system that are fused, when fewer are asked for."""

WORDS_FOR_BM25 = 10
"""Heaviest tokens that BM25 gets as words when a query has no text."""


class Searching:
    """The indexes and the model of a server. Safe for several threads."""

    def __init__(
        self,
        images: Searcher,
        model: QueryModel,
        texts: TextSearcher | None = None,
        *,
        late: LateReranker | None = None,
        vectors: int = 256,
    ) -> None:
        """Search `images` with queries of `model`, and `texts`, whose docids are the same, beside; keep `vectors`.

        `late` re-ranks the hits of `images` where that is asked for.
        """
        self.images = images
        self.texts = texts
        self.model = model
        self.late = late
        self.sent = SentPictures()
        self._vectors: LRUCache[str, Impacts] = LRUCache(vectors)
        self._lock = Lock()

    def search(self, asked: SearchRequest) -> SearchResult:
        """Search.

        Raises:
            NotThere: no such document to be like, no such keyword field, no BM25 index, no patch store, or no visual
                words where looks are asked for.
            Forgotten: the picture to search by is no longer kept.
            InputError: the weights are not what is needed, or `by` and `looks` contradict each other.
            SearchError: the index can't be read.
            TooSlow: the request was answered meanwhile.
        """
        begun = time.perf_counter()
        query = self.query(asked, asked.exclude)
        check_time()
        encoded = time.perf_counter()
        hits, ranks, late = self._hits(asked, query)
        found = time.perf_counter()
        weights, postings = self._looked_at(asked, query)
        terms = [self._terms(asked, query, hit) for hit in hits[: asked.explain]]
        return SearchResult(
            weights=weights,
            excluded=query.excluded,
            read=query.read,
            hits=[
                ExplainedHit(*hit, terms[place] if place < len(terms) else [], ranks.get(hit.docid, {}))
                for place, hit in enumerate(hits)
            ],
            postings=postings,
            encode_milliseconds=1000 * (encoded - begun),
            milliseconds=1000 * (found - encoded),
            late=late,
        )

    def query(self, asked: Vector, exclude: Sequence[str] = ()) -> Query:
        """Return the query that is asked for; errors as in `search`."""
        share = asked.share
        read = self.model.read(asked.query).with_captions(self.images.caption_query)
        excluded = list(dict.fromkeys([*exclude, *read.excluded]))
        base = self._edited(read, asked.edits, excluded) if read.words else self._base(asked, share)
        weights = {token: weight for token, weight in (base | asked.edits).items() if weight}
        weights = {token: weight for token, weight in weights.items() if token not in excluded}
        heaviest_first = dict(sorted(weights.items(), key=lambda item: -item[1]))
        return Query(heaviest_first, excluded, read)

    def _edited(self, read: ReadQuery, edits: Mapping[str, int], excluded: Sequence[str]) -> Impacts:
        """Return the weights of a text; what a word calls for goes with it, and becomes heavier and lighter with it."""
        changed = {token: 0 for token in excluded} | dict(edits)
        if not read.called or not any(token in read.weights for token in changed):
            return read.weights
        weights = dict(read.weights)
        for token, own in self.model.callers(read).items():
            if own in changed and token not in edits:
                weights[token] = round(weights[token] * changed[own] / read.weights[own])
        return {token: weight for token, weight in weights.items() if weight}

    def vector(self, docid: str) -> Impacts:
        """Return token → impact of a document, heaviest first.

        Raises:
            NotThere: the index has no such document.
        """
        with self._lock:
            kept = self._vectors.get(docid)
        if kept is None:
            with _not_there(docid):
                kept = self.images.vector(docid)
            with self._lock:
                self._vectors[docid] = kept
        return kept

    def seen(self, docid: str) -> Impacts:
        """Return the part of a document's vector that was seen in its picture; errors as in `vector`."""
        return self.images.captions.seen(self.vector(docid))

    def picture(self, asked: Vector) -> QueryPicture | None:
        """Return the picture that is asked for, None without one; errors as in `search`."""
        if asked.like:
            captions, vector = self.images.captions, self.vector(asked.like)
            looks = {token: impact for token, impact in vector.items() if captions.is_visual(token)}
            parts = PictureVector(captions.seen(vector), looks)
            return QueryPicture(parts, "" if captions.visual else NO_VISUAL_WORDS)
        if not asked.picture:
            return None
        sent = self.sent.of(asked.picture)
        return QueryPicture(
            sent.vector, why_sent_has_no_looks(self.visual_sha256, self.model.visual_sha256, sent.visual_sha256)
        )

    @property
    def visual_sha256(self) -> str | None:
        """The SHA-256 of the visual words of the index; None if it has none."""
        return self.images.facts.get(VISUAL_FACT)

    @property
    def sent_visual_sha256(self) -> str | None:
        """The same, if the model has these visual words, too; else None: pictures that are sent have words only."""
        return self.visual_sha256 if self.model.visual_sha256 == self.visual_sha256 else None

    def stored(self, docid: str) -> dict[str, str]:
        """Return the stored fields of a document; errors as in `vector`."""
        with _not_there(docid):
            return self.images.stored(docid)

    def caption_names(self, text: str) -> CaptionNames:
        """Return the names of captions' tokens, with their words as the query `text` has them."""
        return CaptionNames(self.images.captions, self.images.caption_query(text).words)

    def explain(self, asked: Vector, docid: str, against: str = "") -> tuple[Explanation, Comparison | None]:
        """Explain the score of `docid`, and compare it with another document; errors as in `search`."""
        weights = self.query(asked).weights
        explanations = []
        for wanted in (docid, against) if against else (docid,):
            self.stored(wanted)
            explanations.append(self.images.explain(weights, wanted))
        return explanations[0], compare(*explanations) if against else None

    def refresh(self) -> bool:
        """See what was committed since; False when nothing was."""
        searchers = [self.images, *([self.texts] if self.texts else [])]
        changed = any([searcher.refresh() for searcher in searchers])
        if changed:
            with self._lock:
                self._vectors.clear()
        return changed

    def require_vocabulary(self) -> None:
        """Raise SearchError when the index says that it was made with another vocabulary than the model's."""
        made_with = self.images.facts.get("vocabulary_sha256")
        if made_with not in (None, self.model.lexicon.sha256):
            raise SearchError(f"{self.images.path} has become the index of another model: serve it with that one")

    def close(self) -> None:
        """Close the indexes."""
        self.images.close()
        if self.texts is not None:
            self.texts.close()

    @property
    def systems(self) -> list[System]:
        """The systems that can be asked for."""
        patches: list[System] = [] if self.late is None else ["late"]
        captions: list[System] = [] if self.texts is None else ["bm25", "fused"]
        return ["lexlip", *patches, *captions]

    def _base(self, asked: Vector, share: float | None) -> Impacts:
        """Return the weights of a query without words."""
        picture = self.picture(asked)
        return {} if picture is None else picture.weights(share)

    def _hits(self, asked: SearchRequest, query: Query) -> tuple[Sequence[Hit], Mapping[str, dict[str, int]], str]:
        """Return the hits, the ranks of fused systems, and what was re-ranked."""
        if asked.system == "lexlip":
            return self._images(asked, query, asked.k), {}, ""
        if asked.system == "late":
            hits, late = self._by_patches(asked, query)
            return hits, {}, late
        if asked.system == "bm25":
            return self._texts(asked, query, asked.k), {}, ""
        depth = max(asked.k, FUSED_DEPTH)
        runs = {"lexlip": self._images(asked, query, depth), "bm25": self._texts(asked, query, depth)}
        ranks: dict[str, dict[str, int]] = {}
        for system, hits in runs.items():
            for hit in hits:
                ranks.setdefault(hit.docid, {})[system] = hit.rank
        return reciprocal_rank_fusion([{"": hits} for hits in runs.values()], depth=asked.k)[""], ranks, ""

    def _images(self, asked: SearchRequest, query: Query, k: int) -> Sequence[Hit]:
        require_fields(asked.filters, self.images, "the index")
        return self.images.search(query.weights, k, filters=asked.filters, without=query.excluded)

    def _by_patches(self, asked: SearchRequest, query: Query) -> tuple[Sequence[Hit], str]:
        """Return the hits in the order of both scores, or of the first stage without words; and which of the two."""
        if self.late is None:
            raise NotThere("no patch store is served: start with --late STORE, or search with lexlip")
        hits = self._images(asked, query, max(asked.k, self.late.k))
        return self.late.rerank(query.read.words, hits)[: asked.k], self.late.said(query.read.words, len(hits))

    def _texts(self, asked: SearchRequest, query: Query, k: int) -> Sequence[Hit]:
        if self.texts is None:
            raise NotThere("no caption index is served: start with --bm25 CAPTIONS_INDEX, or search with lexlip")
        require_fields(asked.filters, self.texts, "the caption index")
        without = [token.removeprefix("##") for token in query.excluded]
        return self.texts.search(self._words(query), k, filters=asked.filters, without=without)

    def _words(self, query: Query) -> str:
        """Return the text for BM25: the words, or the heaviest tokens."""
        seen = list(self.images.captions.seen(query.weights))
        return query.read.words or " ".join(token.removeprefix("##") for token in seen[:WORDS_FOR_BM25])

    def _looked_at(self, asked: SearchRequest, query: Query) -> tuple[Impacts, int]:
        """Return the weights that were searched with, and how many postings they have."""
        postings = 0
        weights = query.weights
        if asked.system != "bm25":
            postings += sum(self.images.frequencies(list(weights)).values())
        if asked.system in ("bm25", "fused") and self.texts is not None:
            terms = self.texts.terms(self._words(query))
            postings += sum(self.texts.frequencies(list(terms)).values())
            weights = terms if asked.system == "bm25" else weights
        return weights, postings

    def _terms(self, asked: SearchRequest, query: Query, hit: Hit) -> list[Term]:
        check_time()
        if asked.system == "bm25":
            return []
        try:
            return self.images.explain(query.weights, hit.docid).terms
        except InputError:  # a caption's document that the image index lacks
            return []


def require_fields(filters: Mapping[str, object], searcher: OpenIndex, what: str) -> None:
    """Raise NotThere unless each filter's field is a keyword field of the index."""
    there = list(searcher.keywords(0)) if filters else []
    for field in filters:
        if field not in there:
            raise NotThere(f"{what} has no keyword field {field!r}; it has {', '.join(there) or 'none'}")


@contextmanager
def _not_there(docid: str) -> Iterator[None]:
    """Say in a client's words that a document is missing, without the place of the index.

    Raises:
        NotThere: the index refused the docid.
    """
    try:
        docid.encode()
        yield
    except UnicodeEncodeError:
        raise NotThere("the id is not valid Unicode") from None
    except InputError:
        raise NotThere(f"the index has no document {docid!r}") from None
