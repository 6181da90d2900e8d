"""The memory of approximate searches, within the limit of the postings cache; hits stay the same."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bridge_collections import documents_of
from support.java_process import said
from support.oracle import rank
from support.searched import build, make_documents

from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

DOCUMENTS, TOKENS = 20_000, 40

SEARCHES = """
import sys
import lexlip_lucene
lexlip_lucene.start_jvm(heap="256m")
from scipy.sparse import csr_array
from lexlip_lucene import ImpactIndex, ImpactSearcher
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.jvm.jvm import java_class
path, megabytes, documents, tokens = sys.argv[1], *map(int, sys.argv[2:])

def used():
    runtime = java_class("java.lang.Runtime").getRuntime()
    runtime.gc()
    return (runtime.totalMemory() - runtime.freeMemory()) / 2**20

words = [f"w{number}" for number in range(tokens)]
with ImpactIndex.create(path) as index:
    rows = [[1 + (row * 7 + column * column) % 200 for column in range(tokens)] for row in range(documents)]
    index.add([f"d{number}" for number in range(documents)], csr_array(rows), words)
with ImpactSearcher(path, cache_mb=megabytes) as searcher:
    query = {word: 1 + number % 3 for number, word in enumerate(words)}
    before, found = used(), set()
    for kept in range(1, tokens):
        how = Approximation(document_terms=kept, candidates=documents)
        found.add(tuple(searcher.search(query, 5, approximate=how)))
    print(used() - before)
    assert len(found) == 1
    print(*(f"{hit.docid} {hit.score}" for hit in found.pop()), sep="\\n")
"""


@pytest.mark.parametrize("megabytes", [0, 3, 8])
def test_documents_pruned_in_many_ways_take_no_more_memory_than_the_cache_may(megabytes: int, tmp_path: Path) -> None:
    """With 8 MB the forward index (3 MB) has room beside pruned postings (up to 2 MB), with 3 MB only the latter."""
    more, *hits = said(SEARCHES, tmp_path / "index", str(megabytes), str(DOCUMENTS), str(TOKENS))
    vectors = {
        f"d{row}": {f"w{column}": 1 + (row * 7 + column * column) % 200 for column in range(TOKENS)}
        for row in range(DOCUMENTS)
    }
    query = {f"w{number}": 1 + number % 3 for number in range(TOKENS)}
    assert hits == [f"{hit.docid} {hit.score}" for hit in rank(query, documents_of(vectors), 5)]
    assert float(more) <= megabytes + 3  # what a search hands on to the next: windows of scores


@pytest.fixture(scope="module", params=[True, False], ids=["merged", "segments"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    build(root, make_documents(), merge=request.param)
    return root / "index"


@settings(max_examples=40)
@given(
    query=st.dictionaries(st.sampled_from(["all", "tie", *(f"w{n}" for n in range(60))]), st.integers(1, 15)),
    postings=st.sampled_from([100, EVERYTHING]),
    document_terms=st.sampled_from([1, 3, EVERYTHING]),
)
def test_a_cache_without_room_changes_no_approximate_hit(
    query: Impacts, postings: int, document_terms: int, index: Path
) -> None:
    how = Approximation(postings=postings, candidates=20, document_terms=document_terms)
    with ImpactSearcher(index) as roomy:
        wanted = roomy.search(query, 10, approximate=how)
    for megabytes in (0, 1, 2):  # nothing fits; the forward index does; the pruned postings do
        with ImpactSearcher(index, cache_mb=megabytes) as searcher:
            for _ in range(2):
                hits = searcher.search(query, 10, approximate=how)
                assert hits == wanted and hits.unseen == wanted.unseen
