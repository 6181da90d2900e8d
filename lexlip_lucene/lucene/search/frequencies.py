"""In how many documents of an index a token is."""

from collections.abc import Iterable
from pathlib import Path

from lexlip_lucene.errors import SearchError
from lexlip_lucene.lucene.index.commit import CONTENTS, open_reader
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, java_class, java_errors_as


def document_frequencies(index: Path, tokens: Iterable[str]) -> dict[str, int]:
    """Return token → number of documents that have it, 0 for one that the index lacks (Lucene's `docFreq`).

    Documents that are deleted count until the next merge.

    Raises:
        InputError: no such folder.
        SearchError: the folder is not an index, or not one that this Lucene and this version read.
    """
    reader = open_reader(index)
    try:
        with java_errors_as(SearchError, f"Lucene can't count in {index}"), ONE_AT_A_TIME:
            term = java_class("org.apache.lucene.index.Term")
            return {token: int(reader.docFreq(term(CONTENTS, token))) for token in dict.fromkeys(tokens)}
    finally:
        with ONE_AT_A_TIME:
            reader.close()
