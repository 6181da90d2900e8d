"""Filters by keyword against the oracle over the documents that pass, in every way a search can go."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bridge_collections import every_searcher, queries
from support.oracle import rank

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document

VALUES = ["test", "Test", "a b", "", " ", "é", "🙂", "\ufeff", "a\nb", "\x00", "x" * 300, "true", "1.5", ","]
SPLIT, TAGS = "split", "a\nfield \ufeff"
KEYWORDS = [SPLIT, TAGS]


def lines() -> list[dict[str, Any]]:
    """Make 300 lines, a third without the first keyword, with none to three values of the second."""
    made = []
    for number in range(300):
        vector = {"all": 1, f"w{number % 8}": 1 + number, "##ing": 1 + number % 7}
        line: dict[str, Any] = {"id": f"d{number}", "vector": vector if number % 29 else {}}
        if number % 3:
            line[SPLIT] = VALUES[number % len(VALUES)]
        line[TAGS] = [VALUES[(number + step * 5) % len(VALUES)] for step in range(number % 4)]
        made.append(line)
    return made


def values_of(line: dict[str, Any], field: str) -> list[str]:
    value = line.get(field, [])
    return [value] if isinstance(value, str) else value


@pytest.fixture(scope="module", params=["merged", "segments"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("filters")
    for part in range(3):
        (root / f"c{part}").mkdir()
        (root / f"c{part}" / "a.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines()[part::3]))
        if part == 0:
            ImpactIndex.build(root / "c0", root / "index", keywords=KEYWORDS)
        else:
            with ImpactIndex.open(root / "index", keywords=KEYWORDS) as writing:
                writing.add_collection(root / f"c{part}")
    with ImpactIndex.open(root / "index") as writing:
        writing.delete(f"d{number}" for number in range(0, 300, 10))
        if request.param == "merged":
            writing.merge()
    return root / "index"


wanted_values = st.lists(st.sampled_from([*VALUES, "no such value"]), min_size=1, max_size=3)


@settings(max_examples=40)
@given(
    filters=st.dictionaries(st.sampled_from(KEYWORDS), wanted_values, min_size=1),
    query=queries.map(lambda query: {"all": 1} | {token: min(weight, 300) for token, weight in query.items()}),
    k=st.sampled_from([1, 10, 1000]),
)
def test_a_filter_leaves_the_oracles_hits_of_what_passes(
    filters: dict[str, list[str]], query: dict[str, int], k: int, index: Path
) -> None:
    passed = [
        Document(line["id"], "", line["vector"])
        for number, line in enumerate(lines())
        if number % 10 and all(set(values_of(line, field)) & set(values) for field, values in filters.items())
    ]
    wanted = rank(query, passed, k)
    with every_searcher(index) as searchers:
        for searcher in searchers:
            assert searcher.search(query, k, filters=filters) == wanted
            assert searcher.search_batch({"q": query, "none": {}}, k, threads=2, filters=filters)["q"] == wanted
        everything = Approximation(EVERYTHING, EVERYTHING, max(k, 1))
        assert searchers[0].search(query, k, filters=filters, approximate=everything) == wanted


def test_a_field_that_is_not_a_keyword_is_named_with_those_that_are(index: Path) -> None:
    with ImpactSearcher(index) as searcher:
        for field in ("contents", "id", "caption", "a", "field \ufeff"):
            named = (
                f"filter {field!r} must be a keyword field of {index} with at least one value, got ['x']; its keyword"
            )
            with pytest.raises(InputError, match=re.escape(f"{named} fields are {TAGS}, {SPLIT}")):
                searcher.search({"all": 1}, filters={field: "x"})
        with pytest.raises(InputError, match="at least one value"):
            searcher.search({"all": 1}, filters={SPLIT: []})


def test_an_error_in_one_thread_of_a_batch_is_the_batchs(index: Path) -> None:
    fine = {f"q{number}": {"all": 1} for number in range(200)}
    large = {f"w{number}": 2**24 - 1 for number in range(8)}
    with ImpactSearcher(index) as searcher:
        for threads in (1, 2, 16, 1000):
            with pytest.raises(SearchError, match=r"two-step search needs scores below 2\^31: search exactly"):
                searcher.search_batch(fine | {"large": large}, 5, threads=threads, approximate=Approximation())
            assert len(searcher.search_batch(fine, 5, threads=threads, approximate=Approximation())) == 200
            found = searcher.search_batch(fine | {"large": large}, 5, threads=threads)
            assert found["large"][0].score == (2**24 - 1) * max(
                line["vector"].get("w3", 0) for line in lines() if line["id"] == "d299"
            )
