"""Opening an index, whatever engine it is of: the one place of the command that names the engines.

A folder is Lucene's, an address a cluster's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.cli.place import Place
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.search.searcher import Searcher, TextSearcher


def facts_of(index: Place) -> Mapping[str, str]:
    """Return the facts about what made an index, {} for one built by others.

    Raises:
        InputError: no such folder, or no such index in the cluster.
        SearchError: not an index that can be read.
    """
    if isinstance(index, Path):
        from lexlip_lucene.lucene.index.commit import commit_facts

        return commit_facts(index)
    from lexlip_lucene.opensearch.alias import behind
    from lexlip_lucene.opensearch.connection import Connection

    with Connection(index.address, index.security) as connection:
        facts = behind(connection).facts
    return {"kind": "bm25"} if index.captions else facts


def open_impacts(index: Place, approximate: "Approximation | None" = None) -> "Searcher":
    """Open an index of impacts, to be searched exactly or approximately; errors as in its searcher.

    Raises:
        InputError: approximate search of a cluster.
    """
    if isinstance(index, Path):
        from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

        return ImpactSearcher(index, approximate=approximate)
    if approximate is not None:
        raise InputError(
            f"{index} is in a cluster, which is searched exactly: leave --postings, --candidates, --terms, "
            "--document-terms and --blocks out"
        )
    from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher

    return OpenSearchImpactSearcher(index.address, index.security)


def open_texts(index: Place) -> "TextSearcher":
    """Open a text index, or the captions of an index in a cluster; errors as in its searcher."""
    if isinstance(index, Path):
        from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher

        return Bm25Searcher(index)
    from lexlip_lucene.opensearch.bm25_searcher import OpenSearchBm25Searcher

    return OpenSearchBm25Searcher(index.address, index.security)
