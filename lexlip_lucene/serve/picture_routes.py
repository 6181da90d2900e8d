"""Pictures by document id: the file itself, and one small enough for the grid."""

from io import BytesIO
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, Response
from PIL import Image

from lexlip_lucene.data.images import UnreadableImage, open_image
from lexlip_lucene.pictures.shown_words import shown_weights
from lexlip_lucene.pictures.token_colour import token_colour, token_colour_on_dark
from lexlip_lucene.serve.http.limits import PICTURE_CHARACTERS
from lexlip_lucene.serve.http.problems import NotThere, Responses, problems
from lexlip_lucene.serve.image_files import media_type
from lexlip_lucene.serve.search_request import Docid, PictureId, Text, Token, Vector
from lexlip_lucene.serve.served import Here
from lexlip_lucene.serve.thumbnails import shown

if TYPE_CHECKING:
    from lexlip_lucene.serve.map_picture import MapPicture

pictures = APIRouter(tags=["pictures"])

KEPT = {"Cache-Control": "private, max-age=600"}
"""A browser shows a picture again for ten minutes without asking."""

Sent = Annotated[str, Path(max_length=PICTURE_CHARACTERS, description="Id that `POST /api/pictures` gave.")]

NO_PLACE = {"Lexlip-Place": "none"}
"""Says of a map that its token comes from the picture as a whole, or is not in it; and that nothing looks alike."""

FILES: Responses = {
    200: {"description": "The picture.", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}


SVG: Responses = {200: {"description": "The cloud.", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}}


@pictures.get("/pictures/{id}", response_class=Response, responses={**FILES, **problems(404, 422)})
async def sent_picture(served: Here, id: Sent) -> Response:
    """Return a picture that was sent to `/api/pictures`, made small, while it is kept."""
    small = served.searching.sent.of(id).small
    return Response(small.content, media_type=small.media, headers=KEPT)


@pictures.get("/images/{docid:path}", response_class=Response, responses={**FILES, **problems(404, 422, 503, 504)})
async def image(served: Here, docid: Docid) -> Response:
    """Return the file of a document's picture, or what browsers show of it where they don't show the file."""

    def look() -> Response:
        path = served.picture_of(docid)
        media = media_type(path)
        if media is not None:
            return FileResponse(path, media_type=media, headers=KEPT)
        try:
            picture = shown(path)
        except UnreadableImage:
            raise NotThere(f"document {docid!r} has no picture of a kind that is served") from None
        return Response(picture.content, media_type=picture.media, headers=KEPT)

    return await served.pictures.run(look)


@pictures.get(
    "/thumbnails/{docid:path}", response_class=Response, responses={**FILES, **problems(404, 415, 422, 503, 504)}
)
async def thumbnail(served: Here, docid: Docid) -> Response:
    """Return a document's picture, made small."""
    small = await served.pictures.run(lambda: served.thumbnails.of(served.picture_of(docid)))
    return Response(small.content, media_type=small.media, headers=KEPT)


@pictures.get(
    "/patches/{docid:path}", response_class=Response, responses={**FILES, **problems(404, 415, 422, 503, 504)}
)
async def patches(served: Here, docid: Docid, token: Token, late: bool = False, text: Text = "") -> Response:
    """Return a document's picture, bright where the model sees the token; without a place it is as it is.

    With `late` it is the brighter the more a place is like the token, by patch vectors; `text` has the token, if given,
    among the words that move it.
    """
    if late and not served.has_late_maps:
        raise NotThere("no patches of places are served: start with --late STORE, or leave late out")
    await served.load_images()

    def draw() -> "MapPicture":
        from lexlip_lucene.serve.map_picture import map_picture

        return map_picture(served.searching, docid, served.picture_of(docid), token, text if late else None)

    drawn = await served.pictures.run(draw)
    headers = KEPT | ({} if drawn.has_place else NO_PLACE)
    return Response(drawn.content, media_type="image/jpeg", headers=headers)


@pictures.get(
    "/matches/{docid:path}", response_class=Response, responses={**FILES, **problems(404, 415, 422, 503, 504)}
)
async def matches(served: Here, docid: Docid, like: Docid = "", picture: PictureId = "") -> Response:
    """Return the picture `like` or `picture` beside a document's, with the places that look alike, joined by lines."""
    if not like and not picture:
        raise NotThere("there is no picture to compare with: give like=ID or picture=ID")
    if served.searching.sent_visual_sha256 is None:
        raise NotThere(
            "places that look alike are found by the model that made the visual words of the index: serve it"
        )
    await served.load_images()

    def draw() -> "MapPicture":
        from lexlip_lucene.serve.matches_picture import matches_picture

        small = None if like else served.searching.sent.of(picture).small
        source = open_image(served.picture_of(like)) if small is None else Image.open(BytesIO(small.content))
        asked = Vector(like=like, picture=picture, by="looks")
        return matches_picture(served.searching, asked, docid, source, open_image(served.picture_of(docid)))

    drawn = await served.pictures.run(draw)
    headers = KEPT | ({} if drawn.has_place else NO_PLACE)
    return Response(drawn.content, media_type="image/jpeg", headers=headers)


@pictures.get("/clouds/{docid:path}", response_class=Response, responses={**SVG, **problems(404, 422, 503, 504)})
async def cloud(served: Here, docid: Docid, dark: bool = False) -> Response:
    """Return the word cloud of a document, for a light or a dark page."""

    def draw() -> str:
        from lexlip_lucene.pictures.cloud import cloud_svg

        weights = shown_weights(served.searching.seen(docid))
        return cloud_svg(weights, width=640, height=320, colour=token_colour_on_dark if dark else token_colour)

    return Response(await served.pictures.run(draw), media_type="image/svg+xml", headers=KEPT)
