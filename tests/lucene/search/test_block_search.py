"""Search by blocks of neighbouring documents: the oracle's hits on the paths that small collections don't reach."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from support.bridge_collections import create, documents_of, require_exact
from support.oracle import rank

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.impact_searcher import Execution, ImpactSearcher
from lexlip_lucene.records import Hit, Impacts

COUNT = 70_001
"""More than a window of postings, and no whole number of blocks."""

TOKENS = ["most", "half", "quarter", "tenth", "frequent", "rare", "rarest", "large", "tie", "begins"]
SHARES = [0.9, 0.5, 0.26, 0.1, 0.02, 0.012, 0.0002, 0.3, 1.0, 0.0]
"""Of the documents that have the token: 1/4 parts common from others, and 1/64 frequent from rare."""

IDS = [f"{number * 7919 % COUNT:06}" for number in range(COUNT)]
NUMBERS = {docid: number for number, docid in enumerate(IDS)}
PLACES = np.argsort(np.argsort(IDS))
"""The place of each document's id in byte order."""


def _matrix() -> NDArray[np.int64]:
    """Return impacts (documents, tokens): neighbours are alike, some are large, and many documents tie."""
    chance = np.random.default_rng(5)
    topic = np.repeat(chance.integers(1, 200, (COUNT // 50 + 1, len(TOKENS))), 50, axis=0)[:COUNT]
    matrix = np.clip(topic + chance.integers(-3, 4, topic.shape), 1, 255)
    matrix[:, 7] = chance.integers(1, 2**20, COUNT)
    matrix[:, 8] = 3
    matrix *= chance.random(matrix.shape) < SHARES
    matrix[[0, 7, 8, 65_535, 65_536, COUNT - 1], 9] = [9, 8, 7, 6, 5, 4]
    return matrix


@pytest.fixture(scope="module")
def matrix() -> NDArray[np.int64]:
    return _matrix()


@pytest.fixture(scope="module", params=["one segment", "two and deletes"])
def searchers(
    request: pytest.FixtureRequest, matrix: NDArray[np.int64], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[ImpactSearcher], NDArray[np.bool_]]]:
    """Yield searchers, and which documents are there."""
    index = tmp_path_factory.mktemp("blocks") / "index"
    there = np.ones(COUNT, dtype=bool)
    cut = COUNT if request.param == "one segment" else 66_000
    with ImpactIndex.create(index) as writing:
        writing.add(IDS[:cut], csr_array(matrix[:cut]), TOKENS)
    if cut < COUNT:
        with ImpactIndex.open(index) as writing:
            writing.add(IDS[cut:], csr_array(matrix[cut:]), TOKENS)
        there[::3] = False
        with ImpactIndex.open(index) as writing:
            writing.delete([IDS[number] for number in np.flatnonzero(~there)])
    ways: tuple[Execution, ...] = ("blocks", "auto", "windows")
    opened = [ImpactSearcher(index, execution=way) for way in ways]
    yield opened, there
    for searcher in opened:
        searcher.close()


def scores_of(query: Impacts, matrix: NDArray[np.int64], there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the scores of all documents, by an integer product."""
    return matrix @ np.array([query.get(token, 0) for token in TOKENS]) * there


def best(scores: NDArray[np.int64], k: int) -> list[Hit]:
    """Return the `k` hits of these scores, of equal ones the smaller docid first."""
    order = [number for number in np.lexsort((PLACES, -scores))[:k].tolist() if scores[number]]
    return [Hit(IDS[number], int(scores[number]), place + 1) for place, number in enumerate(order)]


weights = st.integers(1, 300) | st.sampled_from([1, 2**20])
asked = st.dictionaries(st.sampled_from([*TOKENS, "unknown"]), weights, min_size=1, max_size=8)


@settings(max_examples=25)
@given(query=asked, k=st.sampled_from([1, 10, 100, 1000]))
def test_hits_of_many_documents_are_the_integer_product(
    query: Impacts,
    k: int,
    searchers: tuple[list[ImpactSearcher], NDArray[np.bool_]],
    matrix: NDArray[np.int64],
) -> None:
    opened, there = searchers
    wanted = best(scores_of(query, matrix, there), k + 1)
    for searcher in opened:
        hits = searcher.search(query, k)
        assert hits == wanted[:k]
        assert (wanted[k].score if len(wanted) > k else 0) <= hits.unseen


@settings(max_examples=15)
@given(query=asked, without=st.sampled_from(TOKENS[1:7]), k=st.sampled_from([1, 10, 300]))
def test_no_hit_by_blocks_has_an_excluded_token(
    query: Impacts,
    without: str,
    k: int,
    searchers: tuple[list[ImpactSearcher], NDArray[np.bool_]],
    matrix: NDArray[np.int64],
) -> None:
    opened, there = searchers
    wanted = best(scores_of(query, matrix, there & (matrix[:, TOKENS.index(without)] == 0)), k)
    for searcher in opened:
        assert searcher.search(query, k, without=[without]) == wanted


@settings(max_examples=25)
@given(query=asked, k=st.sampled_from([1, 10, 100]), blocks=st.sampled_from([1, 2, 17, 200, 5000, 10**6]))
def test_a_search_of_some_blocks_scores_exactly_and_says_what_it_may_have_lost(
    query: Impacts,
    k: int,
    blocks: int,
    searchers: tuple[list[ImpactSearcher], NDArray[np.bool_]],
    matrix: NDArray[np.int64],
) -> None:
    opened, there = searchers
    scores = scores_of(query, matrix, there)
    for searcher in opened:
        hits = searcher.search(query, k, approximate=Approximation(blocks=blocks))
        found = [NUMBERS[docid] for docid in hits.docids]
        assert scores[found].tolist() == hits.scores.tolist()
        assert [*hits] == sorted(hits, key=lambda hit: (-hit.score, hit.docid))
        assert np.delete(scores, found).max() <= hits.unseen
        if blocks == 10**6 or (len(hits) == k and hits.unseen < hits[-1].score):
            assert hits == best(scores, k)


def test_a_search_of_more_blocks_loses_less(
    searchers: tuple[list[ImpactSearcher], NDArray[np.bool_]], matrix: NDArray[np.int64]
) -> None:
    opened, there = searchers
    query: Impacts = {"half": 3, "quarter": 5, "tenth": 7, "rare": 9}
    exact = {hit.docid for hit in best(scores_of(query, matrix, there), 100)}
    found = [
        len(exact & set(opened[0].search(query, 100, approximate=Approximation(blocks=blocks)).docids))
        for blocks in (1, 30, 100_000)
    ]
    assert found == sorted(found) and found[0] <= 16 and found[-1] == 100


def test_executions_are_counted_and_where_blocks_lose_windows_go_on(tmp_path: Path) -> None:
    """Uniform noise leaves no block out, so the search is given up, and after some it is tried no more."""
    count, tokens = 140_000, [f"t{number}" for number in range(40)]
    chance = np.random.default_rng(1)
    noise = chance.integers(1, 4, (count, len(tokens)), dtype=np.int32)
    noise *= chance.random(noise.shape) < 0.3
    ids = [f"{number:06}" for number in range(count)]
    with ImpactIndex.create(tmp_path / "index") as index:
        index.add(ids, csr_array(noise), tokens)
    with ImpactSearcher(tmp_path / "index") as searcher:
        for number in range(12):
            weights = 1 + (np.arange(len(tokens)) + number) % 5
            scores = noise @ weights
            first = np.lexsort((np.arange(count), -scores))[:10]
            hits = searcher.search(dict(zip(tokens, weights.tolist(), strict=True)), 10)
            assert hits.docids.tolist() == [ids[place] for place in first]
            assert hits.scores.tolist() == scores[first].tolist()
        choices = searcher.choices()
    assert 0 < choices["given_up"] <= choices["blocks"] < 12
    assert choices["windows"] == 12 - choices["blocks"] + choices["given_up"] and choices["lucene"] == 0


def test_blocks_grow_with_an_index_and_outlive_deletes(tmp_path: Path) -> None:
    parts: list[dict[str, Impacts]] = [
        {f"{part}-{number}": {"a": 1 + number % 9, f"b{number % 7}": 300 + part} for number in range(100)}
        for part in range(3)
    ]
    create(tmp_path / "index", parts[:1])
    there = dict(parts[0])
    query: Impacts = {"a": 2**12, "b1": 40, "b2": 1}
    with ImpactSearcher(tmp_path / "index", execution="blocks") as searcher:
        require_exact([searcher], query, documents_of(there), [1, 10, 1000])
        for part in parts[1:]:
            with ImpactIndex.open(tmp_path / "index") as writing:
                writing.add(list(part), *_columns(part))
                gone = list(there)[::5]
                writing.delete(gone)
            there = {docid: vector for docid, vector in (there | part).items() if docid not in gone}
            assert searcher.refresh()
            require_exact([searcher], query, documents_of(there), [1, 10, 1000])


def _columns(vectors: dict[str, Impacts]) -> tuple[csr_array, list[str]]:
    tokens = sorted({token for vector in vectors.values() for token in vector})
    return csr_array([[vector.get(token, 0) for token in tokens] for vector in vectors.values()]), tokens


def test_a_search_of_so_many_tokens_that_bounds_leave_16_bits_is_exact(tmp_path: Path) -> None:
    whole: dict[str, Impacts] = {
        f"d{number}": {f"t{token}": 1 + (number * token) % 250 for token in range(number % 7, 400, 7)}
        for number in range(60)
    }
    create(tmp_path / "index", [whole])
    query: Impacts = {f"t{token}": 1 + token for token in range(400)}
    with ImpactSearcher(tmp_path / "index", execution="blocks") as searcher:
        require_exact([searcher], query, documents_of(whole), [1, 5, 100])
        for blocks in (1, 3):
            hits = searcher.search(query, 5, approximate=Approximation(blocks=blocks))
            assert hits == rank(query, documents_of(whole), 5)


def test_exact_and_two_step_search_of_the_same_tokens_keep_out_of_each_others_way(
    searchers: tuple[list[ImpactSearcher], NDArray[np.bool_]], matrix: NDArray[np.int64]
) -> None:
    opened, there = searchers
    query: Impacts = {"most": 2, "half": 3, "quarter": 5}
    wanted = best(scores_of(query, matrix, there), 10)
    for _ in range(2):
        opened[0].search(query, 10, approximate=Approximation(postings=500))
        assert opened[0].search(query, 10) == wanted


@pytest.mark.parametrize(
    "how",
    [
        Approximation(blocks=5, terms=3),
        Approximation(blocks=5, postings=100),
        Approximation(blocks=5, candidates=7),
        Approximation(blocks=5, document_terms=9),
    ],
)
def test_blocks_beside_the_numbers_of_two_step_search_are_refused(how: Approximation) -> None:
    with pytest.raises(InputError, match="approximation: blocks can't be combined with terms, postings, candidates"):
        how.checked()


def test_no_block_is_too_few() -> None:
    with pytest.raises(InputError, match=r"approximation: blocks must be in 1\.\.2147483647, got 0"):
        Approximation(blocks=0).checked()
