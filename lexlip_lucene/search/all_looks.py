"""The visual words of all documents of an index, read from its postings.

    search {v00417: 1}  →  each document that has v00417, with its impact as the score

So a search for one visual word gives its postings, and one for each gives the looks of all documents: as many searches
as there are visual words, which a crossing into the engine takes many of, instead of one a document.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lexlip_lucene.errors import SearchError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.search.searcher import Searcher
from lexlip_lucene.words.visual_words import MOST_VISUAL_WORDS, VISUAL_CODES_FACT, VISUAL_FACT, visual_word

POSTINGS_AT_ONCE = 1_000_000
"""Postings that one crossing brings back at most, unless a single word has more."""


class AllLooks(NamedTuple):
    """The visual words of the documents that have any.

    Attributes:
        docids: in byte order.
        words: visual words that some document has, by name.
        impacts: (documents, words) CSR array of int64, without zeros, columns ascending.
        without: documents that have no visual word.
    """

    docids: list[str]
    words: list[str]
    impacts: Any
    without: int

    def of(self, row: int) -> Impacts:
        """Return the looks of one document."""
        entries = slice(self.impacts.indptr[row], self.impacts.indptr[row + 1])
        columns, impacts = self.impacts.indices[entries].tolist(), self.impacts.data[entries].tolist()
        return {self.words[column]: impact for column, impact in zip(columns, impacts, strict=True)}

    def squares(self) -> NDArray[np.int64]:
        """Return the sum of squared impacts of each document: the score of a document by its own looks."""
        squared: NDArray[np.int64] = self.impacts.multiply(self.impacts).sum(axis=1)
        return squared


def similarity(product: int, square: int, other_square: int) -> float:
    """Return a · b / (‖a‖ ‖b‖), given a · b, ‖a‖² and ‖b‖²; 1.0 exactly for the same looks."""
    return min(1.0, product / math.sqrt(square * other_square))


def require_visual_words(searcher: Searcher) -> None:
    """Raise SearchError if the facts of an index say that it has no visual words."""
    if VISUAL_FACT not in searcher.facts:
        raise SearchError(
            f"{searcher.path} has no visual words, so its pictures can't be compared by their looks: make a model with "
            "`lexlip train-visual`, encode with --visual, and index again"
        )


def read_looks(searcher: Searcher, *, threads: int = 1, progress: Progress = SILENT) -> AllLooks:
    """Read the looks of all documents of an index.

    They are in memory at once: 100,000 documents of 128 visual words take some 0.3 GB.

    Args:
        searcher: an exact one.
        threads: of a search.
        progress: receives the visual words read.

    Raises:
        SearchError: the index has no visual words, or can't be read.
    """
    require_visual_words(searcher)
    codes = int(searcher.facts.get(VISUAL_CODES_FACT, MOST_VISUAL_WORDS))
    frequencies = searcher.frequencies([visual_word(code) for code in range(codes)])
    words = sorted(word for word, frequency in frequencies.items() if frequency)
    rows: dict[str, int] = {}
    found: dict[str, tuple[NDArray[np.int32], NDArray[np.int64]]] = {}
    for word, hits in progress.track(_postings(searcher, frequencies, words, threads), "reading looks", len(words)):
        own = [(rows.setdefault(docid, len(rows)), score) for docid, score, _ in hits]
        numbers, impacts = zip(*own, strict=True) if own else ((), ())
        found[word] = np.array(numbers, np.int32), np.array(impacts, np.int64)
    return _looks(words, rows, found, searcher.documents)


def _postings(
    searcher: Searcher, frequencies: Impacts, words: Sequence[str], threads: int
) -> Iterator[tuple[str, Sequence[Hit]]]:
    """Yield each word with the documents that have it, rare ones first, so that few hits are asked for at a time."""
    waiting = sorted(words, key=frequencies.__getitem__)
    while waiting:
        together = 1
        while together < len(waiting) and (together + 1) * frequencies[waiting[together]] <= POSTINGS_AT_ONCE:
            together += 1
        part, waiting = waiting[:together], waiting[together:]
        yield from searcher.search_batch(
            {word: {word: 1} for word in part}, frequencies[part[-1]], threads=threads
        ).items()


def _looks(
    words: list[str],
    rows: dict[str, int],
    found: dict[str, tuple[NDArray[np.int32], NDArray[np.int64]]],
    documents: int,
) -> AllLooks:
    docids = sorted(rows)
    places = np.empty(len(docids), dtype=np.int32)
    places[[rows[docid] for docid in docids]] = np.arange(len(docids), dtype=np.int32)
    numbers = np.concatenate([found[word][0] for word in words] or [np.empty(0, np.int32)])
    impacts = np.concatenate([found[word][1] for word in words] or [np.empty(0, np.int64)])
    columns = np.repeat(np.arange(len(words), dtype=np.int32), [len(found[word][0]) for word in words])
    matrix = csr_array((impacts, (places[numbers], columns)), shape=(len(docids), len(words)), dtype=np.int64)
    matrix.sort_indices()
    return AllLooks(docids, words, matrix, documents - len(docids))
