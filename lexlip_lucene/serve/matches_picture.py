"""Two pictures with the places that a search by looks matched, as a file for the page."""

from io import BytesIO

from PIL import Image

from lexlip_lucene.pictures.matched_picture import matched_picture
from lexlip_lucene.serve.map_picture import QUALITY, MapPicture
from lexlip_lucene.serve.search_request import Vector
from lexlip_lucene.serve.searching import Searching


def matches_picture(
    searching: Searching, asked: Vector, docid: str, query: Image.Image, document: Image.Image
) -> MapPicture:
    """Return both pictures beside each other, bright and joined by lines where visual words matched.

    Args:
        searching: its model has the visual words of the index.
        asked: the picture that is searched by.
        docid: the document that was found.
        query: the picture searched by, in mode RGB.
        document: the document's, likewise.

    Raises:
        NotThere: the index has no such document, or nothing to compare by looks.
        Forgotten: the picture searched by is no longer kept.
    """
    explanation, _ = searching.explain(asked, docid)
    is_visual = searching.images.captions.is_visual
    given = [(term.token, term.contribution) for term in explanation.terms if is_visual(term.token)]
    matches = searching.model.matches(query, document, given)
    file = BytesIO()
    drawn = matched_picture(query, document, matches)
    drawn.save(file, "JPEG", quality=QUALITY)
    return MapPicture(file.getvalue(), matches.score > 0)
