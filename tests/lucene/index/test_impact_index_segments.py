"""Indexes of many segments: 31 and more are built, changed, searched exactly and merged, and every count is right."""

import random
import shutil
from pathlib import Path

import pytest
from support.bridge_collections import documents_of, every_searcher, require_exact, rows, write_collection
from support.cli_run import done
from support.index_dump import dump, require_sound

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts

SEGMENTS = 300
QUERIES: list[Impacts] = [{"all": 1}, {"w0": 3, "w1": 2, "all": 1}, {"w5": 2**24 - 1, "w6": 1}, {"only17": 5, "w2": 1}]


def parts() -> list[dict[str, Impacts]]:
    """Make three documents for each segment, the third of every fifth without a token."""
    chance = random.Random(7)
    made = []
    for part in range(SEGMENTS):
        drawn: list[Impacts] = [{f"w{chance.randrange(8)}": chance.choice([1, 255, 70_000])} for _ in range(3)]
        vectors = [{"all": 1 + part % 3, f"only{part}": 1} | vector for vector in drawn]
        made.append({f"{part * 37 % SEGMENTS:03}-{number}": vector for number, vector in enumerate(vectors)})
        if part % 5 == 0:
            made[-1][list(made[-1])[2]] = {}
    return made


def of(parts: list[dict[str, Impacts]]) -> dict[str, Impacts]:
    return {docid: vector for part in parts for docid, vector in part.items()}


def counts(vectors: dict[str, Impacts]) -> tuple[int, int, int]:
    """Count documents, empty ones, postings."""
    return len(vectors), sum(not vector for vector in vectors.values()), sum(map(len, vectors.values()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("many") / "index"
    with ImpactIndex.create(index, merge_small=False) as writing:
        for part in parts():
            assert writing.add(*rows(part)).written[:3] == counts(part)
    assert writing.report[:3] == counts(of(parts())) and writing.report.segments == SEGMENTS
    return index


@pytest.fixture
def index(whole: Path, tmp_path: Path) -> Path:
    """Copy the index, to change it."""
    return shutil.copytree(whole, tmp_path / "index")


def require(index: Path, vectors: dict[str, Impacts]) -> None:
    """Assert that the index holds `vectors`, finds them as the oracle does, also when merged to one segment."""
    with every_searcher(index) as searchers:
        assert searchers[0].documents == len(vectors)
        for query in QUERIES:
            require_exact(searchers, query, documents_of(vectors), [1, 10, 1000])
    require_sound(index)
    with ImpactIndex.open(index) as writing:
        writing.merge()
    assert writing.report[:3] == counts(vectors) and writing.report.segments == 1
    found = dump(index).by_docid()
    assert found == {
        token: {docid: vector[token] for docid, vector in vectors.items() if token in vector} for token in found
    }
    assert set(found) == {token for vector in vectors.values() for token in vector}


def test_300_segments_are_searched_exactly_and_merged(index: Path) -> None:
    require(index, of(parts()))


def test_documents_are_replaced_and_deleted_over_300_segments(index: Path) -> None:
    there = of(parts())
    with ImpactIndex.open(index, merge_small=False) as writing:
        for step in range(40):
            taken: dict[str, Impacts] = {docid: {"w1": 7 + step, "all": 1} for docid in list(there)[step::50]}
            added = writing.add(*rows(taken | {f"new{step}": {"w2": 9}}), replace=True)
            assert (added.replaced, added.read) == (len(taken), added.written)
            there |= taken | {f"new{step}": {"w2": 9}}
            gone = [docid for docid in there if docid.startswith(f"{step:03}-") or docid == f"new{step - 1}"]
            assert writing.delete(gone) == len(gone)
            there = {docid: vector for docid, vector in there.items() if docid not in gone}
        with pytest.raises(InputError, match="no document 'new0', so nothing is deleted"):
            writing.delete(["new39", "new0"])
    assert writing.report[:3] == counts(there) and writing.report.segments > 31
    require(index, there)


def test_many_small_segments_are_merged_when_the_block_ends_and_nothing_is_lost(index: Path) -> None:
    there = of(parts())
    with ImpactIndex.open(index) as writing:
        writing.delete(["000-0", "001-1"])
        writing.add(*rows({"more": {"w1": 1}}))
    there = {docid: vector for docid, vector in there.items() if docid not in ("000-0", "001-1")} | {"more": {"w1": 1}}
    assert writing.report[:3] == counts(there) and writing.report.segments < 32
    require(index, there)


@pytest.mark.parametrize("merge_small", [True, False])
def test_one_document_a_commit_is_added_for_ever(merge_small: bool, tmp_path: Path) -> None:
    there: dict[str, Impacts] = {"d0": {"all": 1}}
    with ImpactIndex.create(tmp_path / "index") as writing:
        writing.add(*rows(there))
    with ImpactSearcher(tmp_path / "index") as searcher:
        for number in range(1, 70):
            more: dict[str, Impacts] = {f"d{number}": {"all": 1 + number}}
            with ImpactIndex.open(tmp_path / "index", merge_small=merge_small) as writing:
                assert writing.add(*rows(more)).written == (1, 0, 1, 1 + number)
            there |= more
            assert writing.report[:3] == counts(there)
            assert searcher.refresh() and searcher.documents == len(there)
            assert searcher.search({"all": 1}, 1)[0].docid == f"d{number}"
    assert (writing.report.segments == 70) == (not merge_small)


def test_a_collection_of_many_batches_is_added_to_an_index_of_many_segments(index: Path, tmp_path: Path) -> None:
    vector: Impacts = {f"t{step}": 1 for step in range(60)}
    lines = [Document(f"n{number}", "x" * 400, vector) for number in range(20_000)]  # five blocks of 4 MB
    with ImpactIndex.open(index, memory=1, threads=1, merge_small=False) as writing:
        added = writing.add_collection(write_collection(tmp_path / "c", lines))
    assert added.read == added.written == (20_000, 0, 1_200_000, 1_200_000)
    assert writing.report.documents == 3 * SEGMENTS + 20_000 and writing.report.segments > SEGMENTS + 3
    require_sound(index)


@pytest.mark.parametrize("options", [[], ["--no-merge"]])
def test_append_continues_past_31_segments(options: list[str], tmp_path: Path) -> None:
    for number in range(40):
        collection = write_collection(tmp_path / f"c{number}", [Document(f"d{number}", "", {"a": 7})])
        said = done("index", collection, tmp_path / "index", *options, *(["--append"] if number else []))
        assert said["documents"] == number + 1
        assert said["segments"] == (number + 1 if options else 1)
