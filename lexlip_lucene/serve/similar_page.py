"""The page of near-duplicates: `/similar`, groups of pictures that look alike, with the sizes of their files."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.data.picture_file import picture_file
from lexlip_lucene.errors import InputError
from lexlip_lucene.pictures.duplicates_page import size_in_words
from lexlip_lucene.search.duplicate_groups import Group, Member
from lexlip_lucene.serve.looks.similar_pictures import LEVELS
from lexlip_lucene.serve.page_links import PageLinks
from lexlip_lucene.serve.pages import TEMPLATES
from lexlip_lucene.serve.search_request import PageAsked
from lexlip_lucene.serve.served import Here, Served
from lexlip_lucene.words.visual_words import NEAR

similar = APIRouter(include_in_schema=False)

SHOWN, SHOWN_MEMBERS = 100, 24
"""Groups on the page, and pictures of each; `lexlip duplicates` has all."""


class ShownMember(NamedTuple):
    """A picture of a group, and the size of its file in words; "" where it has none."""

    docid: str
    similarity: float
    size: str


class ShownMembers(NamedTuple):
    """The pictures of a group that are shown, and how many more it has."""

    members: list[ShownMember]
    more: int


@similar.get("/similar")
async def page(served: Here, above: Annotated[float, Query()] = NEAR) -> HTMLResponse:
    """Return the groups of pictures that look alike."""
    if above not in LEVELS:
        raise InputError(f"above must be one of {', '.join(f'{level:g}' for level in LEVELS)}, got {above:g}")
    return HTMLResponse(await served.comparing.run(lambda: _drawn(served, above)))


def _drawn(served: Served, above: float) -> str:
    found = served.similar.of(above)
    home = f"{served.root_path}/"
    return TEMPLATES.get_template("similar.html").render(
        served=served,
        home=home,
        links=PageLinks(PageAsked(), home),
        above=above,
        levels=LEVELS,
        found=found,
        groups=[_shown(served, group) for group in found.groups[:SHOWN]],
    )


def _shown(served: Served, group: Group) -> ShownMembers:
    members = [_member(served, member) for member in group.members[:SHOWN_MEMBERS]]
    return ShownMembers(members, len(group.members) - len(members))


def _member(served: Served, member: Member) -> ShownMember:
    path = served.files.paths.get(member.docid)
    try:
        file = None if path is None else picture_file(path)
    except UnreadableImage:
        file = None
    return ShownMember(*member, "" if file is None else size_in_words(file.width, file.height, file.bytes))
