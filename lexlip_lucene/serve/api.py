"""The JSON API: search, explain, encode, documents, health."""

import time
from typing import Annotated

from fastapi import APIRouter, File, Query, UploadFile

from lexlip_lucene.serve.answers import (
    CheckAnswer,
    ComparisonAnswer,
    DifferenceAnswer,
    DocumentAnswer,
    EncodeAnswer,
    ExplainAnswer,
    HealthAnswer,
    HitAnswer,
    MissingAnswer,
    SearchAnswer,
    SentAnswer,
    TermAnswer,
)
from lexlip_lucene.serve.http.problems import problems
from lexlip_lucene.serve.search_request import Docid, SearchRequest, Text, Vector
from lexlip_lucene.serve.search_result import SearchResult
from lexlip_lucene.serve.sent_pictures import SentPicture
from lexlip_lucene.serve.served import Here, Served
from lexlip_lucene.serve.thumbnails import small
from lexlip_lucene.serve.uploads import read_upload
from lexlip_lucene.serve.weak_hits import weak_from

api = APIRouter(prefix="/api", tags=["api"])


Picture = Annotated[UploadFile, File(description="A picture of any format that is read.")]


class Explained(Vector):
    """The score to explain."""

    docid: Docid
    against: Docid = ""


@api.get("/search", responses=problems(404, 422, 503, 504))
async def search(served: Here, asked: Annotated[SearchRequest, Query()]) -> SearchAnswer:
    """Search by words, by weighted tokens, or by a document's own vector."""
    return search_answer(served, asked, await served.searches.run(lambda: served.searching.search(asked)))


@api.get("/explain", responses=problems(404, 422, 503, 504))
async def explain(served: Here, asked: Annotated[Explained, Query()]) -> ExplainAnswer:
    """Say why a document has its LexLIP score, and why it ranks above or below another."""
    explanation, comparison = await served.searches.run(
        lambda: served.searching.explain(asked, asked.docid, asked.against)
    )
    return ExplainAnswer(
        query=asked.query,
        docid=asked.docid,
        score=explanation.score,
        terms=[TermAnswer(**term._asdict()) for term in explanation.terms],
        captions=_captions(served, asked.query),
        missing=[MissingAnswer(token=token, query_weight=weight) for token, weight in explanation.missing],
        against=comparison
        and ComparisonAnswer(
            docid=asked.against,
            score=comparison.against_score,
            difference=comparison.difference,
            terms=[DifferenceAnswer(**term._asdict()) for term in comparison.terms],
        ),
    )


@api.get("/encode", responses=problems(422, 503, 504))
async def encode_text(served: Here, text: Annotated[Text, Query()]) -> EncodeAnswer:
    """Encode a text as a query is."""
    begun = time.perf_counter()
    model = served.searching.model
    weights = await served.searches.run(lambda: model.text(text))
    milliseconds = 1000 * (time.perf_counter() - begun)
    return EncodeAnswer(weights=weights, called=model.called(text, weights), milliseconds=milliseconds)


@api.post("/encode", responses=problems(400, 408, 413, 415, 422, 503, 504))
async def encode_picture(served: Here, image: Picture) -> EncodeAnswer:
    """Encode a picture, to search by its weights; nothing of it is kept."""
    sent, milliseconds = await _encoded(served, image)
    return EncodeAnswer(weights=sent.vector.words, looks=sent.vector.looks, milliseconds=milliseconds)


@api.post("/pictures", responses=problems(400, 408, 413, 415, 422, 503, 504))
async def keep_picture(served: Here, image: Picture) -> SentAnswer:
    """Encode a picture, and keep it small for a while, to search by it under a short id."""
    sent, milliseconds = await _encoded(served, image)
    id, (words, looks) = served.searching.sent.keep(sent), sent.vector
    return SentAnswer(picture=id, weights=words, looks=looks, milliseconds=milliseconds)


@api.get("/documents/{docid:path}", responses=problems(404, 422, 503, 504))
async def document(served: Here, docid: Docid) -> DocumentAnswer:
    """Return what is known of a document: its vector, captions and stored fields."""
    stored, vector = await served.searches.run(lambda: (served.searching.stored(docid), served.searching.vector(docid)))
    captions = list(served.files.captions.get(docid, ()))
    return DocumentAnswer(
        docid=docid, vector=vector, captions=captions, stored=stored, image=served.image_address(docid)
    )


@api.get("/health", responses=problems(503, 504))
async def health(served: Here) -> HealthAnswer:
    """Say what is served."""
    documents = await served.searches.run(lambda: served.searching.images.documents)
    check = served.check
    return HealthAnswer(
        ok=served.problem is None and (check is None or check.state != "failed"),
        documents=documents,
        tokens=len(served.searching.model.lexicon),
        images=len(served.files.paths),
        systems=served.searching.systems,
        looks=served.searching.visual_sha256 is not None,
        sent_looks=served.searching.sent_visual_sha256 is not None,
        keywords=served.keywords,
        problem=served.problem,
        check=None if check is None else CheckAnswer(state=check.state, error=check.error),
    )


def _captions(served: Served, text: str) -> dict[str, str]:
    images = served.searching.images
    return images.caption_query(text).said(images.captions)


async def _encoded(served: Served, image: UploadFile) -> tuple[SentPicture, float]:
    """Return a picture that was sent, and the milliseconds that it took."""
    begun = time.perf_counter()
    content = await image.read()
    await served.load_images()

    def encode() -> SentPicture:
        picture = read_upload(content, pixels=served.limits.upload_pixels)
        visual = served.searching.sent_visual_sha256
        vector = served.searching.model.picture(picture, looks=visual is not None)
        return SentPicture(small(picture), vector, visual)

    return await served.pictures.run(encode), 1000 * (time.perf_counter() - begun)


def search_answer(served: Served, asked: SearchRequest, found: SearchResult) -> SearchAnswer:
    """Return what was found with the documents' pictures and captions."""
    edits, weights = asked.edits, {} if asked.system == "bm25" else found.weights
    called = [token for token in found.read.called if token in weights and token not in edits]
    return SearchAnswer(
        query=asked.query,
        system=asked.system,
        weights=found.weights,
        excluded=found.excluded,
        unknown=found.read.unknown,
        nearest=found.read.nearest,
        suggestions=found.read.suggestions,
        proposed_exclusions=found.read.proposed_exclusions,
        called=called,
        captions=_captions(served, asked.query),
        hits=[
            HitAnswer(
                docid=hit.docid,
                score=hit.score,
                rank=hit.rank,
                terms=[TermAnswer.model_construct(**term._asdict()) for term in hit.terms],
                ranks=hit.ranks,
                image=served.image_address(hit.docid),
                caption=served.caption(hit.docid),
            )
            for hit in found.hits
        ],
        weak_from=None if asked.system in ("late", "fused") else weak_from(found.hits, called),
        late=found.late,
        documents=served.welcome.documents,
        postings=found.postings,
        encode_milliseconds=found.encode_milliseconds,
        milliseconds=found.milliseconds,
    )
