"""The request for a search: the parameters that the API, the page and its links share.

A query's weights are those of its text, of the document `like` or of the `picture` that was sent, with the edits in
`weights` laid over them: a token with another weight is re-weighted or added, one with weight 0 is taken out. Without
any of the three the edits are the whole query: that is how a token is searched by. A document or a picture is searched
by what is in it, by what it looks like, or by both, as `by` and `looks` say.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts
from lexlip_lucene.serve.http.limits import (
    DOCID_CHARACTERS,
    EXPLAINED,
    FILTER_CHARACTERS,
    MOST_EXCLUDED,
    MOST_EXPLAINED,
    MOST_FILTERS,
    MOST_HITS,
    MOST_TOKENS,
    PICTURE_CHARACTERS,
    QUERY_CHARACTERS,
    TOKEN_CHARACTERS,
    WEIGHTS_CHARACTERS,
)
from lexlip_lucene.vectors.picture_vector import BOTH

By = Literal["words", "looks", "both"]

System = Literal["lexlip", "late", "bm25", "fused"]

NO_SPACE = r"[^\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""The characters of a token: no white space, as Java or Python or a browser counts it, and no control character."""

WEIGHT_PATTERN = rf"{NO_SPACE}+:[0-9]{{1,7}}"
WEIGHTS_PATTERN = rf"^({WEIGHT_PATTERN}( {WEIGHT_PATTERN})*)?$"

Text = Annotated[str, Field(max_length=QUERY_CHARACTERS)]
Docid = Annotated[str, Field(max_length=DOCID_CHARACTERS)]
Token = Annotated[str, Field(min_length=1, max_length=TOKEN_CHARACTERS, pattern=rf"^{NO_SPACE}+$")]
PictureId = Annotated[str, Field(max_length=PICTURE_CHARACTERS)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Filter = Annotated[
    str, Field(min_length=3, max_length=FILTER_CHARACTERS, pattern=r"^[^=\u0000-\u001f]+=[^\u0000-\u001f]+$")
]


class Vector(BaseModel):
    """The part of a request that becomes a query vector."""

    model_config = ConfigDict(frozen=True)

    query: Text = Field(default="", description="Words; a word after a minus sign, as in `dog -beach`, is excluded.")
    weights: str = Field(
        default="",
        max_length=WEIGHTS_CHARACTERS,
        pattern=WEIGHTS_PATTERN,
        description="`token:weight token:weight …`, laid over the query's own; 0 takes a token out.",
    )
    like: Docid = Field(default="", description="Id of a document whose vector is the query, when there are no words.")
    picture: PictureId = Field(
        default="",
        description="Id that `POST /api/pictures` gave, of a picture that is the query, when there is nothing else.",
    )

    by: By | SkipJsonSchema[None] = Field(
        default=None,
        description="With `like` or `picture`: by what is in it, by what it looks like, or by both; both if the index "
        "has visual words.",
    )
    looks: Share | SkipJsonSchema[None] = Field(
        default=None,
        description="With `like` or `picture`: share of looks in the score, 0 (words only) to 1 (looks only); 0.5 "
        "unless given.",
    )

    @property
    def share(self) -> float | None:
        """The share of looks in the score that `by` and `looks` ask for, 0 to 1; None if they ask for nothing.

        Raises:
            InputError: there is no picture to search by, or they contradict each other.
        """
        if self.by is None and self.looks is None:
            return None
        if not self.like and not self.picture:
            raise InputError(
                "by and looks belong to a picture to search by: give like=ID or picture=ID, or leave both out"
            )
        if self.looks is not None and self.by in ("words", "looks"):
            raise InputError(f"by={self.by} leaves nothing to weigh: give looks with by=both, or leave it out")
        return {"words": 0.0, "looks": 1.0}.get(self.by or "both", BOTH if self.looks is None else self.looks)

    @property
    def edits(self) -> Impacts:
        """The weights as token → weight from 0 on; the last counts of a token that comes again.

        Raises:
            InputError: there are too many.
        """
        pairs = (pair.rpartition(":") for pair in self.weights.split(" ") if pair)
        edits = {token: int(weight) for token, _, weight in pairs}
        if len(edits) > MOST_TOKENS:
            raise InputError(f"weights must be at most {MOST_TOKENS}, got {len(edits)}")
        return edits


class SearchRequest(Vector):
    """A search."""

    k: int = Field(default=10, ge=1, le=MOST_HITS, description="Hits.")
    explain: int = Field(
        default=EXPLAINED, ge=0, le=MOST_EXPLAINED, description="Hits, from the first, that come with their terms."
    )
    system: System = Field(
        default="lexlip", description="`late` needs a patch store, `bm25` and `fused` a caption index."
    )
    exclude: list[Token] = Field(default=[], max_length=MOST_EXCLUDED, description="Tokens that no hit has.")
    filter: list[Filter] = Field(
        default=[], max_length=MOST_FILTERS, description="`KEY=VALUE` of a keyword field, repeated."
    )

    @property
    def filters(self) -> dict[str, list[str]]:
        """Keyword field → values; a value may hold `=`."""
        filters: dict[str, list[str]] = {}
        for field, _, value in (each.partition("=") for each in self.filter):
            filters.setdefault(field, []).append(value)
        return filters

    def link(self, **changes: Any) -> str:
        """Return the query string of this search with `changes`: what differs from the defaults, in a fixed order."""
        values: Mapping[str, Any] = {**self.model_dump(exclude_defaults=True), **changes}
        pairs = [(name, values[name]) for name in type(self).model_fields if name in values]
        return urlencode(
            [(name, value) for name, value in pairs if value not in ("", [], None) and value is not False], doseq=True
        )


class PageAsked(SearchRequest):
    """A search as the page shows it: one system or both beside each other, and the hit that is open."""

    k: int = Field(default=30, ge=1, le=MOST_HITS)
    # Only the page can show two; a search is one of `searches`, whose system is one of `SearchRequest`'s own again.
    system: Literal["lexlip", "late", "bm25", "fused", "both"] = "lexlip"  # type: ignore[assignment]
    hit: Docid = ""
    against: Docid = ""
    figures: bool = False

    @property
    def searches(self) -> list[SearchRequest]:
        """Return the searches of the request: one, or two to be shown side by side."""
        systems = ("lexlip", "bm25") if self.system == "both" else (self.system,)
        fields = {name: getattr(self, name) for name in SearchRequest.model_fields}
        if self.like and not self.query:
            fields["k"] = self.k + 1  # the page leaves out the document that is asked for
        return [SearchRequest.model_construct(**{**fields, "system": system}) for system in systems]

    @property
    def is_empty(self) -> bool:
        """True if nothing is searched for."""
        return not (self.query.strip() or self.edits or self.like or self.picture)

    @property
    def is_by_picture(self) -> bool:
        """True if a document or a picture that was sent is searched by."""
        return bool(not self.query and (self.like or self.picture))

    @property
    def by_picture(self) -> str:
        """Return the id of the sent picture that is searched by; "" where words or a document come before it."""
        return "" if self.query or self.like else self.picture
