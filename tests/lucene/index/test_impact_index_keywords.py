"""Keyword fields after the last document that has them is gone: a filter by one finds nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.bridge_collections import every_searcher, rows
from support.cli_run import done

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.commit import commit_facts, write_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

SPLIT, ODD = "split", "tags\n\ufeff é"


def collection_of(folder: Path, *lines: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(f"{json.dumps({'vector': {'all': 1}} | line)}\n" for line in lines))
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """`a` and `b` with keywords in a segment of their own, and `c` without in another."""
    ImpactIndex.build(
        collection_of(tmp_path / "with", {"id": "a", SPLIT: "x"}, {"id": "b", ODD: ["y", "z"], SPLIT: "y"}),
        tmp_path / "index",
        keywords=[SPLIT, ODD],
    )
    with ImpactIndex.open(tmp_path / "index") as writing:
        writing.add(*rows({"c": {"all": 3}}))
    return tmp_path / "index"


def delete(index: Path) -> None:
    with ImpactIndex.open(index) as writing:
        writing.delete(["a", "b"])


def replace(index: Path) -> None:
    with ImpactIndex.open(index) as writing:
        writing.add(*rows({"a": {"some": 1}, "b": {"some": 1}}), replace=True)


def delete_everything_and_begin_with_a_collection(index: Path) -> None:
    with ImpactIndex.open(index) as writing:
        writing.delete(["a", "b", "c"])
        writing.add_collection(collection_of(index.parent / "later", {"id": "c", "vector": {"all": 3}}))


CHANGES = [delete, replace, delete_everything_and_begin_with_a_collection]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_a_filter_keeps_its_meaning_when_the_last_document_with_the_keyword_is_gone(
    change: Callable[[Path], None], known: bool, index: Path
) -> None:
    if not known:  # as an index from before the fact was kept
        write_facts(index, {key: value for key, value in commit_facts(index).items() if key != "keywords"})
    change(index)
    with ImpactIndex.open(index) as writing:
        writing.merge()
    for _ in range(2):
        with every_searcher(index) as searchers:
            for searcher in searchers:
                assert [hit.docid for hit in searcher.search({"all": 1})] == ["c"]
                assert searcher.keywords() == {SPLIT: [], ODD: []}
                for field in (SPLIT, ODD):
                    assert searcher.search({"all": 1}, filters={field: "x"}) == []
                    assert searcher.search_batch({"q": {"all": 1}}, filters={field: ["x", "y"]})["q"] == []
                with pytest.raises(InputError, match=f"filter 'other' must be a keyword field .* are {SPLIT}, tags"):
                    searcher.search({"all": 1}, filters={"other": "x"})
        with ImpactIndex.open(index) as writing:  # a later writer that knows of no keyword keeps them
            writing.add(*rows({"later": {"some": 1}}), replace=True)


def test_a_searcher_that_is_open_keeps_the_keyword_fields_when_it_refreshes(index: Path) -> None:
    with ImpactSearcher(index) as searcher:
        assert searcher.keywords() == {SPLIT: ["x", "y"], ODD: ["y", "z"]}
        delete(index)
        with ImpactIndex.open(index) as writing:
            writing.merge()
        assert searcher.refresh()
        assert searcher.search({"all": 1}, filters={SPLIT: "x"}) == []
        with ImpactIndex.open(index, keywords=[SPLIT, "new"]) as writing:
            writing.add_collection(
                collection_of(index.parent / "more", {"id": "d", SPLIT: "x"}, {"id": "e", "new": "n"}), replace=True
            )
        assert searcher.refresh()
        assert [hit.docid for hit in searcher.search({"all": 1}, filters={SPLIT: "x"})] == ["d"]
        assert searcher.keywords() == {SPLIT: ["x"], ODD: [], "new": ["n"]}


def test_a_keyword_that_no_document_has_yet_can_be_filtered_by(tmp_path: Path) -> None:
    with ImpactIndex.create(tmp_path / "index", keywords=[SPLIT]):
        pass
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.keywords() == {SPLIT: []} and searcher.search({"all": 1}, filters={SPLIT: "x"}) == []


def test_the_command_finds_nothing_by_a_keyword_whose_documents_are_gone(index: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("a\nb\n")
    done("index", "--delete", tmp_path / "ids.txt", index)
    done("merge", index)
    found = done("search", index, "--query", "all:1", "--filter", f"{SPLIT}=x")
    assert found["hits"] == []
    assert [hit["docid"] for hit in done("search", index, "--query", "all:1")["hits"]] == ["c"]


def test_keywords_stay_keywords_for_what_is_appended_without_naming_them(tmp_path: Path) -> None:
    for name in ("d1", "d2"):
        (tmp_path / name).mkdir()
        line = f'{{"id": "{name}", "contents": "", "split": "val", "vector": {{"a": 1}}}}\n'
        (tmp_path / name / "a.jsonl").write_text(line)
    ImpactIndex.build(tmp_path / "d1", tmp_path / "index", keywords=["split"])
    with ImpactIndex.open(tmp_path / "index") as writing:
        writing.add_collection(tmp_path / "d2")
    with ImpactIndex.open(tmp_path / "index") as writing:
        writing.add_collection(tmp_path / "d1", replace=True)
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert sorted(searcher.search({"a": 1}, filters={"split": "val"}).docids) == ["d1", "d2"]


@pytest.mark.parametrize("value", [2020, [2020], None, {"val", 3}])
def test_a_filter_that_is_not_text_is_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_text('{"id": "d", "year": 2020, "vector": {"a": 1}}\n')
    ImpactIndex.build(tmp_path / "c", tmp_path / "index", keywords=["year"])
    with ImpactSearcher(tmp_path / "index") as searcher:
        with pytest.raises(InputError, match="filter 'year' must be a text"):
            searcher.search({"a": 1}, filters={"year": value})
        for wrong in (5, None):
            with pytest.raises(InputError, match="a docid or token must be a text"):
                searcher.stored(wrong)  # type: ignore[arg-type]  # what the test is about
        for query in ({1: 2}, ["a"], None):
            with pytest.raises(InputError, match="a mapping of token"):
                searcher.search(query)  # type: ignore[arg-type]  # likewise
    for cache_mb in (2**43, -1, -(2**70)):
        with pytest.raises(InputError, match="cache_mb must be at least 0"):
            ImpactSearcher(tmp_path / "index", cache_mb=cache_mb)
