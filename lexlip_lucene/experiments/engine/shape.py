"""The shape of a set of vectors: what decides how long building and searching take.

Vectors {"red": 3, "cat": 2} and {"cat": 1} have 1.5 postings a document; "cat" is in both documents and "red" in one,
so the token of the average posting is in (2 × 2/2 + 1 × 1/2) / 3 = 0.833 of the documents.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import log2
from typing import NamedTuple

from lexlip_lucene.records import Document

COMMONEST = 100


class Shape(NamedTuple):
    """Counts and skew of a set of vectors.

    Attributes:
        documents, postings, tokens: counts; `tokens` are the different ones.
        postings_per_document: mean.
        impact_mean: mean over postings.
        impact_entropy: bits of a posting's impact, −Σ p log₂ p over the impacts.
        frequency: share of the documents that have the token of the average posting, Σ df² / (Σ df × documents): a
            query whose tokens are drawn like postings reads `frequency` × documents postings for each of them.
        commonest: share of all postings that belong to the 100 commonest tokens.
    """

    documents: int
    postings: int
    tokens: int
    postings_per_document: float
    impact_mean: float
    impact_entropy: float
    frequency: float
    commonest: float


class ShapeCounter:
    """A count of documents that pass by."""

    def __init__(self) -> None:
        self._documents = 0
        self._frequencies: Counter[str] = Counter()
        self._impacts: Counter[int] = Counter()

    def through(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield `documents` as they are, counting them."""
        for document in documents:
            self._documents += 1
            self._frequencies.update(document.vector.keys())
            self._impacts.update(document.vector.values())
            yield document

    def shape(self) -> Shape:
        """Return the shape of what has passed; figures of nothing are 0."""
        frequencies = self._frequencies.values()
        postings = sum(frequencies)
        documents, some = max(self._documents, 1), max(postings, 1)
        return Shape(
            documents=self._documents,
            postings=postings,
            tokens=len(frequencies),
            postings_per_document=postings / documents,
            impact_mean=sum(impact * count for impact, count in self._impacts.items()) / some,
            impact_entropy=sum(count / some * log2(some / count) for count in self._impacts.values()),
            frequency=sum(df * df for df in frequencies) / some / documents,
            commonest=sum(df for _, df in self._frequencies.most_common(COMMONEST)) / some,
        )
