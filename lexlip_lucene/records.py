"""The small values that pass between the stages.

Every stage before the index and every stage after it speaks in these; neither torch nor Java objects
leave their own packages.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

Impacts: TypeAlias = dict[str, int]
"""token → positive integer weight: a quantised lexicon vector, of a document or of a query."""


class Topic(NamedTuple):
    """A query with its id: one line of `topics.tsv`."""

    qid: str
    text: str


class Qrel(NamedTuple):
    """A judgement: document `docid` answers topic `qid` with `grade` (relevant from 1)."""

    qid: str
    docid: str
    grade: int


class Hit(NamedTuple):
    """One found document. `score` is an exact integer for impacts and a float for BM25 and fusion; `rank` from 1."""

    docid: str
    score: int | float
    rank: int


class Document(NamedTuple):
    """A pseudo-document of a collection, or an encoded query: one line of JsonVectorCollection.

    `contents` is for people (a caption, a file name, the query's text); only `vector` is indexed.
    """

    id: str
    contents: str
    vector: Impacts


Run: TypeAlias = Mapping[str, Sequence[Hit]]
"""qid → hits by rank."""
