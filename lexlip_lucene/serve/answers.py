"""The answers of the API, as the OpenAPI describes them; the page is drawn from the same."""

from pydantic import BaseModel, Field

from lexlip_lucene.serve.index_check import State
from lexlip_lucene.serve.search_request import System


class TermAnswer(BaseModel):
    """A token that query and document share; `contribution` is `query_weight` × `impact`."""

    token: str
    query_weight: int
    impact: int
    contribution: int


class HitAnswer(BaseModel):
    """A document found.

    `terms` are those of LexLIP, heaviest first, and add up to its score; BM25 gives none, and neither do hits after the
    first `explain`.
    """

    docid: str
    score: int | float = Field(description="An exact integer from LexLIP; a float from BM25 and fusion.")
    rank: int
    terms: list[TermAnswer]
    ranks: dict[str, int] = Field(description="Where each of the fused systems has it; empty for a single system.")
    image: str | None = Field(description="Address of its picture.")
    caption: str | None


class SearchAnswer(BaseModel):
    """The hits of a search, and what was searched for."""

    query: str
    system: System
    weights: dict[str, int] = Field(
        description="Token → query weight, heaviest first; for BM25 how often a term occurs."
    )
    excluded: list[str] = Field(description="Tokens that no hit has.")
    unknown: list[str] = Field(description="Words that were to be excluded, but are no token of the lexicon.")
    nearest: dict[str, list[str]] = Field(default={}, description="Unknown word → known words nearest in meaning.")
    suggestions: dict[str, list[str]] = Field(default={}, description="Misspelt word → known words.")
    proposed_exclusions: list[str] = Field(default=[], description="Words that the query seems to want excluded.")
    called: list[str] = Field(
        default=[], description="Tokens of `weights` that the query is not written with: what its words call for."
    )
    captions: dict[str, str] = Field(
        default={}, description="Token of a caption field → its meaning, such as `the file name says: alps`."
    )
    hits: list[HitAnswer]
    weak_from: int | None = Field(
        description="Rank of the first hit below half of the first one's score; null if none is, and for fusion."
    )
    late: str = Field(default="", description="For `late`: what was re-ranked, or why nothing was.")
    documents: int = Field(description="Documents in the index.")
    postings: int = Field(description="Postings of the query's tokens: what an exhaustive search looks at.")
    encode_milliseconds: float
    milliseconds: float = Field(description="Of the search only.")


class MissingAnswer(BaseModel):
    """A token of the query that the document lacks."""

    token: str
    query_weight: int


class DifferenceAnswer(BaseModel):
    """The contributions of a query token to two documents."""

    token: str
    query_weight: int
    contribution: int
    against_contribution: int
    difference: int


class ComparisonAnswer(BaseModel):
    """The difference between two documents, by token; it adds up to that of the scores."""

    docid: str
    score: int
    difference: int
    terms: list[DifferenceAnswer]


class ExplainAnswer(BaseModel):
    """The explanation of a score: the contributions of `terms` add up to it exactly."""

    query: str
    docid: str
    score: int
    terms: list[TermAnswer]
    captions: dict[str, str] = Field(
        default={}, description="Token of a caption field → its meaning, such as `the file name says: alps`."
    )
    missing: list[MissingAnswer]
    against: ComparisonAnswer | None


class EncodeAnswer(BaseModel):
    """A text or a picture as weighted words."""

    weights: dict[str, int]
    looks: dict[str, int] = Field(
        default={}, description="Visual words of a picture, if the index and the model have the same ones."
    )
    called: list[str] = Field(default=[], description="Tokens of a text's weights that it is not written with.")
    milliseconds: float


class SentAnswer(EncodeAnswer):
    """A picture that was sent, as weighted words, and the id under which it is kept for a while."""

    picture: str = Field(description="Searches by it as `picture=` of `/api/search`, and shows it at `/pictures/{id}`.")


class DocumentAnswer(BaseModel):
    """A document of the index."""

    docid: str
    vector: dict[str, int] = Field(description="Token → impact, heaviest first.")
    captions: list[str]
    stored: dict[str, str] = Field(description="The fields that the index stores, `id` among them.")
    image: str | None


class CheckAnswer(BaseModel):
    """The check of the index that runs once in the background."""

    state: State
    error: str | None = Field(description="Why it failed or could not run.")


class HealthAnswer(BaseModel):
    """The state of what is served."""

    ok: bool
    documents: int
    tokens: int = Field(description="Tokens of the model's lexicon.")
    images: int = Field(description="Ids that have a picture.")
    systems: list[System]
    looks: bool = Field(description="True if the index has visual words: `like=ID` finds pictures by their looks.")
    sent_looks: bool = Field(description="True if `picture=ID` does, too: the model has the same visual words.")
    keywords: dict[str, list[str]] = Field(description="Keyword field → its first values.")
    problem: str | None = Field(description="Why the index could not be refreshed.")
    check: CheckAnswer | None = Field(description="None when the server was started without.")
