"""Search in the shape of Pyserini's and Anserini's REST server, so that their clients can ask this one.

`GET /v1/{index}/search` and `GET /v1/{index}/doc/{docid}` are theirs; `POST` takes the same as a JSON body. `{index}`
is the system: lexlip, late, bm25 or fused.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.http.gate import check_time
from lexlip_lucene.serve.http.limits import MOST_HITS
from lexlip_lucene.serve.http.problems import problems
from lexlip_lucene.serve.search_request import Docid, SearchRequest, System, Text
from lexlip_lucene.serve.served import Here, Served

v1 = APIRouter(prefix="/v1", tags=["Pyserini"])

Parse = Annotated[bool, Query(description="Give documents as objects; otherwise as the text of one.")]
Hits = Annotated[int, Field(ge=1, le=MOST_HITS)]
Words = Annotated[Text, Field(min_length=1)]


class QueryText(BaseModel):
    """A query."""

    text: Words


class SearchBody(BaseModel):
    """A search as a JSON body."""

    query: Words | QueryText
    hits: Hits = 10
    parse: bool = True


class Candidate(BaseModel):
    """A document found; `doc` has its stored fields."""

    docid: str
    score: float
    rank: int
    doc: dict[str, Any] | str | None


class SearchResponse(BaseModel):
    """The hits of a query."""

    api: str
    index: str
    query: QueryText
    candidates: list[Candidate]


class DocumentResponse(BaseModel):
    """A document."""

    api: str
    index: str
    docid: str
    doc: dict[str, Any] | str | None


@v1.get("/{index}/search", responses=problems(400, 404, 503, 504))
async def search(
    served: Here,
    index: System,
    query: Annotated[Words, Query()],
    hits: Annotated[Hits, Query()] = 10,
    parse: Parse = True,
) -> SearchResponse:
    """Search as Pyserini's server does."""
    return await _answer(served, index, query, hits, parse)


@v1.post("/{index}/search", responses=problems(400, 404, 408, 413, 503, 504))
async def search_by_body(served: Here, index: System, body: SearchBody) -> SearchResponse:
    """Search with a JSON body."""
    text = body.query if isinstance(body.query, str) else body.query.text
    return await _answer(served, index, text, body.hits, body.parse)


@v1.get("/{index}/doc/{docid:path}", responses=problems(400, 404, 503, 504))
async def document(served: Here, index: System, docid: Docid, parse: Parse = True) -> DocumentResponse:
    """Fetch a document's stored fields."""
    stored = await served.searches.run(lambda: served.searching.stored(docid))
    return DocumentResponse(api="v1", index=index, docid=docid, doc=_shown(stored, parse))


async def _answer(served: Served, index: System, text: str, hits: int, parse: bool) -> SearchResponse:
    asked = SearchRequest(query=text, k=hits, system=index, explain=0)

    def work() -> list[Candidate]:
        return [
            Candidate(docid=hit.docid, score=hit.score, rank=hit.rank, doc=_shown(_stored(served, hit.docid), parse))
            for hit in served.searching.search(asked).hits
        ]

    candidates = await served.searches.run(work)
    return SearchResponse(api="v1", index=index, query=QueryText.model_construct(text=text), candidates=candidates)


def _stored(served: Served, docid: str) -> dict[str, str] | None:
    check_time()
    try:
        return served.searching.stored(docid)
    except InputError:  # a caption's document that the image index lacks
        return None


def _shown(stored: dict[str, str] | None, parse: bool) -> dict[str, Any] | str | None:
    return stored if parse or stored is None else orjson.dumps(stored).decode()
