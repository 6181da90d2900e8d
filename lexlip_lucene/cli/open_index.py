"""Opening an index, whatever engine it is of: the one place of the command that names the engines.

Every index is Lucene's today. An index of another engine is known by its address, and opened here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.search.searcher import Searcher, TextSearcher


def facts_of(index: Path) -> Mapping[str, str]:
    """Return the facts about what made an index, {} for one built by others.

    Raises:
        InputError: no such folder.
        SearchError: not an index that can be read.
    """
    from lexlip_lucene.lucene.index.commit import commit_facts

    return commit_facts(index)


def open_impacts(index: Path, approximate: "Approximation | None" = None) -> "Searcher":
    """Open an index of impacts, to be searched exactly or approximately; errors as in `ImpactSearcher`."""
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    return ImpactSearcher(index, approximate=approximate)


def open_texts(index: Path) -> "TextSearcher":
    """Open a text index; errors as in `Bm25Searcher`."""
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher

    return Bm25Searcher(index)
